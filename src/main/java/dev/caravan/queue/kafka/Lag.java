package dev.caravan.queue.kafka;

import dev.caravan.telemetry.KafkaMeters;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RetriableException;

/** How far one consumer is behind the ends of its partitions. For the thread that polls. */
final class Lag {
  private static final Duration PATIENCE = Duration.ofSeconds(1);

  private final Consumer<byte[], byte[]> broker;
  private final KafkaMeters.Group meters;
  private long last;

  Lag(Consumer<byte[], byte[]> broker, KafkaMeters.Group meters) {
    this.broker = broker;
    this.meters = meters;
  }

  /**
   * Measures it anew.
   *
   * @param paused whether nothing is fetched: then the client does not learn of what is added, and
   *     the broker is asked
   */
  void look(Collection<LentPartition> partitions, boolean paused) {
    List<TopicPartition> names = partitions.stream().map(LentPartition::name).toList();
    try {
      Map<TopicPartition, Long> ends =
          paused && !names.isEmpty() ? broker.endOffsets(names, PATIENCE) : Map.of();
      long now = 0;
      for (LentPartition partition : partitions) {
        Long end = ends.get(partition.name());
        now +=
            partition.span()
                + (end == null
                    ? broker.currentLag(partition.name()).orElse(0)
                    : Math.max(0, end - broker.position(partition.name(), PATIENCE)));
      }
      set(now);
    } catch (RetriableException e) {
      // What it was is the best that is known.
    }
  }

  /** It has no partitions any more. */
  void none() {
    set(0);
  }

  private void set(long now) {
    meters.lag(now - last);
    last = now;
  }
}
