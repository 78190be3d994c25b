package dev.caravan.telemetry;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/** What is measured of one pool's queue; made once for a pool. Safe for any thread. */
public final class QueueMeters {
  private final Timer waited;

  /**
   * Meters for a queue.
   *
   * @param classes the names of its classes
   * @param reasons why one does not wait, or not until its turn
   * @param waiting how many of a class wait
   * @param expectedMillis how long a newcomer of a class would wait; -1 for unknown
   * @param left how many did not have their turn for a reason
   */
  QueueMeters(
      MeterRegistry registry,
      String pool,
      List<String> classes,
      List<String> reasons,
      Function<String, Number> waiting,
      Function<String, Number> expectedMillis,
      Function<String, Number> left) {
    for (String each : classes) {
      Gauge.builder("caravan.queue.waiting", () -> waiting.apply(each))
          .description("Requests that wait for room at a server")
          .tag("pool", pool)
          .tag("priority", each)
          .register(registry);
      Gauge.builder("caravan.queue.expected.seconds", () -> seconds(expectedMillis.apply(each)))
          .description("How long a request that comes now is likely to wait; NaN for unknown")
          .tag("pool", pool)
          .tag("priority", each)
          .register(registry);
    }
    waited =
        Timer.builder("caravan.queue.wait")
            .description("How long requests waited that had their turn")
            .tag("pool", pool)
            .serviceLevelObjectives(
                Duration.ofMillis(10),
                Duration.ofMillis(100),
                Duration.ofSeconds(1),
                Duration.ofSeconds(5),
                Duration.ofSeconds(15),
                Duration.ofSeconds(60))
            .register(registry);
    for (String each : reasons) {
      FunctionCounter.builder("caravan.queue.left", left, l -> l.apply(each).doubleValue())
          .description("Requests that did not wait, or not until their turn, by reason")
          .tag("pool", pool)
          .tag("reason", each)
          .register(registry);
    }
  }

  private static double seconds(Number millis) {
    return millis.longValue() < 0 ? Double.NaN : millis.longValue() / 1e3;
  }

  /** One has had its turn. */
  public void turn(long waitedNanos) {
    waited.record(waitedNanos, TimeUnit.NANOSECONDS);
  }
}
