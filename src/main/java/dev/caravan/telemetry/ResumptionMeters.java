package dev.caravan.telemetry;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.concurrent.ConcurrentHashMap;

/** Counts what became of answers that broke off where a pool resumes them. Safe for any thread. */
public final class ResumptionMeters {
  private final MeterRegistry registry;
  private final ConcurrentHashMap<Key, Counter> counters = new ConcurrentHashMap<>();

  /** A pool and what came of it; both are from fixed sets. */
  private record Key(String pool, String result) {}

  public ResumptionMeters(MeterRegistry registry) {
    this.registry = registry;
  }

  /**
   * An answer broke off.
   *
   * @param result a label from a fixed set
   */
  public void count(String pool, String result) {
    Key key = new Key(pool, result);
    Counter counter = counters.get(key);
    if (counter == null) {
      counter = counters.computeIfAbsent(key, this::register);
    }
    counter.increment();
  }

  /** A pool is no more; {@link Meters#forget(Pool)} takes its meters away. */
  public void forget(String pool) {
    counters.keySet().removeIf(key -> key.pool.equals(pool));
  }

  private Counter register(Key key) {
    return Counter.builder("caravan.resumptions")
        .description("Streams that broke off in a pool that resumes them, by what came of it")
        .tag("pool", key.pool)
        .tag("result", key.result)
        .register(registry);
  }
}
