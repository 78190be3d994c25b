package dev.caravan.telemetry;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.BooleanSupplier;

/** Counts what became of changes of the route files. Safe for any thread. */
public final class RouteMeters {

  /** What became of a change. */
  public enum Reload {
    /** It runs. */
    APPLIED,
    /** It was at fault, and changed nothing. */
    REJECTED,
    /** The files say the same as before, in other words. */
    UNCHANGED
  }

  private final MeterRegistry registry;
  private final Map<Reload, Counter> reloads = new EnumMap<>(Reload.class);

  public RouteMeters(MeterRegistry registry) {
    this.registry = registry;
    for (Reload result : Reload.values()) {
      reloads.put(
          result,
          Counter.builder("caravan.routes.reloads")
              .description("Changes of the route files, by what became of them")
              .tag("result", result.name().toLowerCase(Locale.ROOT))
              .register(registry));
    }
  }

  /**
   * Shows whether the files on disk are those that run.
   *
   * @param inSync asked whenever somebody looks; to be held by the caller
   */
  public void watch(BooleanSupplier inSync) {
    Gauge.builder("caravan.routes.in.sync", inSync, now -> now.getAsBoolean() ? 1 : 0)
        .description("1 while the route files on disk are those that run")
        .strongReference(true)
        .register(registry);
  }

  /** One more change. */
  public void reloaded(Reload result) {
    Counter counter = reloads.get(result);
    if (counter != null) { // there is one for each
      counter.increment();
    }
  }
}
