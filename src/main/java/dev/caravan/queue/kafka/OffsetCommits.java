package dev.caravan.queue.kafka;

import dev.caravan.queue.kafka.PartitionOffsets.Snapshot;
import dev.caravan.telemetry.KafkaMeters;
import dev.caravan.time.Ticker;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/** The commits of one consumer, one at a time. The thread that polls has it. */
final class OffsetCommits {
  /** Ten commits a second bound both what a crash repeats and what the broker has to write. */
  private static final long INTERVAL_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  private static final Duration PATIENCE = Duration.ofSeconds(5);

  private final Consumer<byte[], byte[]> broker;
  private final Ticker ticker;
  private final KafkaMeters.Group meters;
  private final Complaints complaints;
  private boolean running;
  private long nextNanos;

  OffsetCommits(
      Consumer<byte[], byte[]> broker,
      Ticker ticker,
      KafkaMeters.Group meters,
      Complaints complaints) {
    this.broker = broker;
    this.ticker = ticker;
    this.meters = meters;
    this.complaints = complaints;
    nextNanos = ticker.nanos();
  }

  /** Commits what has ended since the last time, unless that is too soon; does not wait. */
  void commit(Collection<LentPartition> partitions) {
    if (running || ticker.nanos() - nextNanos < 0) {
      return;
    }
    Map<LentPartition, Snapshot> due = due(partitions);
    if (due.isEmpty()) {
      return;
    }
    nextNanos = ticker.nanos() + INTERVAL_NANOS;
    running = true;
    broker.commitAsync(
        offsets(due),
        (offsets, failure) -> {
          running = false;
          ended(due, failure);
        });
  }

  /** Commits what has ended in partitions that are about to go, and waits for it. */
  void commitNow(Collection<LentPartition> leaving) {
    Map<LentPartition, Snapshot> due = due(leaving);
    if (due.isEmpty()) {
      return;
    }
    try {
      broker.commitSync(offsets(due), PATIENCE);
      ended(due, null);
    } catch (KafkaException e) {
      ended(due, e);
    }
  }

  private void ended(Map<LentPartition, Snapshot> what, @Nullable Exception failure) {
    if (failure == null) {
      meters.committed();
      what.forEach(LentPartition::committed);
    } else {
      meters.commitFailed();
      what.keySet().forEach(LentPartition::notCommitted);
      complaints.notCommitted(failure);
    }
  }

  private static Map<LentPartition, Snapshot> due(Collection<LentPartition> partitions) {
    Map<LentPartition, Snapshot> due = new HashMap<>();
    for (LentPartition partition : partitions) {
      Snapshot snapshot = partition.due();
      if (snapshot != null) {
        due.put(partition, snapshot);
      }
    }
    return due;
  }

  /** As Kafka wants it. */
  static Map<TopicPartition, OffsetAndMetadata> offsets(Map<LentPartition, Snapshot> due) {
    Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
    due.forEach(
        (partition, snapshot) ->
            offsets.put(
                partition.name(), new OffsetAndMetadata(snapshot.watermark(), snapshot.note())));
    return offsets;
  }
}
