package dev.caravan.queue.kafka;

import dev.caravan.telemetry.KafkaMeters;
import dev.caravan.time.Ticker;
import java.util.Map;
import java.util.TreeMap;
import org.apache.camel.component.kafka.KafkaComponent;
import org.apache.camel.component.kafka.KafkaEndpoint;
import org.apache.camel.spi.annotations.Component;

/**
 * Camel's {@code kafka:}, whose consumers lend their records where the route leads to jobs. All
 * else is as Camel has it.
 */
@Component("kafka")
public final class KafkaJobsComponent extends KafkaComponent {
  /** A send waits so long for metadata or a place in the buffer: it holds up a thread. */
  static final int MAX_BLOCK_MILLIS = 10_000;

  /** A send is given up after two requests: who sends an answer tries again in its own time. */
  private static final int DELIVERY_MILLIS = 30_000;

  private static final int REQUEST_MILLIS = 15_000;

  private final KafkaMeters meters;
  private final Ticker ticker;

  public KafkaJobsComponent(KafkaMeters meters, Ticker ticker) {
    this.meters = meters;
    this.ticker = ticker;
    // Camel's own defaults for the rest are what answers need: acks=all and an idempotent producer.
    getConfiguration().setMaxBlockMs(MAX_BLOCK_MILLIS);
    getConfiguration().setDeliveryTimeoutMs(DELIVERY_MILLIS);
    getConfiguration().setRequestTimeoutMs(REQUEST_MILLIS);
  }

  KafkaMeters meters() {
    return meters;
  }

  Ticker ticker() {
    return ticker;
  }

  @Override
  protected KafkaEndpoint createEndpoint(
      String uri, String remaining, Map<String, Object> parameters) throws Exception {
    Map<String, String> given = new TreeMap<>();
    parameters.forEach((name, value) -> given.put(name, String.valueOf(value)));
    int outstanding =
        getAndRemoveParameter(
            parameters, "outstanding", Integer.class, LendingConsumer.MAX_OUTSTANDING);
    if (outstanding < 1 || outstanding > LendingConsumer.MAX_OUTSTANDING) {
      throw new IllegalArgumentException(
          "kafka:%s: outstanding must be 1 to %d, not %d"
              .formatted(remaining, LendingConsumer.MAX_OUTSTANDING, outstanding));
    }
    return new KafkaJobsEndpoint(
        uri, this, super.createEndpoint(uri, remaining, parameters), given, outstanding);
  }
}
