package dev.caravan.telemetry;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** What is measured of one pool's retries and hedges; made once for a pool. Safe for any thread. */
public final class RoadMeters {

  /** What came of a retry. */
  public enum Retry {
    /** It went, and the budget had it. */
    SENT,
    /** It went, and cost the budget nothing: the attempt before had reached no server. */
    FREE,
    /** It went when it had waited for the budget. */
    WAITED,
    /** It went over the budget, after the longest wait, to a server that worked all the while. */
    PROVEN,
    /** It did not go: the budget is spent. */
    REFUSED_BUDGET,
    /** It did not go: the client's own limit passed while it waited. */
    REFUSED_DEADLINE
  }

  /** What came of a hedge. */
  public enum Hedge {
    /** The second server was first. */
    WON,
    /** It was sent in vain. */
    LOST,
    /** None was sent: the budget is spent. */
    OVER_BUDGET,
    /** None was sent: the pool had no server to spare. */
    SATURATED
  }

  /** What came of it that a conversation has a home. */
  public enum Affinity {
    /** It went there. */
    OWNER,
    /** Its home was over its bound: it went to the next in its order. */
    SPILLED,
    /** Its home was out: it went to the next in its order. */
    MOVED,
    /** Its home was out, and it may go nowhere else. */
    REFUSED
  }

  private final Map<Retry, Counter> retries = new EnumMap<>(Retry.class);
  private final Map<Hedge, Counter> hedges = new EnumMap<>(Hedge.class);
  private final Map<Affinity, Counter> affinities = new EnumMap<>(Affinity.class);

  /**
   * Meters for a pool.
   *
   * @param waiting how many retries wait now
   */
  public RoadMeters(MeterRegistry registry, String pool, Supplier<Number> waiting) {
    for (Retry result : Retry.values()) {
      retries.put(
          result,
          Counter.builder("caravan.retries")
              .description("Attempts after the first one, by what the retry budget said")
              .tag("pool", pool)
              .tag("result", label(result))
              .register(registry));
    }
    for (Hedge result : Hedge.values()) {
      hedges.put(
          result,
          Counter.builder("caravan.hedges")
              .description("First tokens that came late, by what came of asking a second server")
              .tag("pool", pool)
              .tag("result", label(result))
              .register(registry));
    }
    for (Affinity result : Affinity.values()) {
      affinities.put(
          result,
          Counter.builder("caravan.affinity")
              .description("Choices of a server that a conversation made, by what came of it")
              .tag("pool", pool)
              .tag("result", label(result))
              .register(registry));
    }
    Gauge.builder("caravan.retries.waiting", waiting)
        .description("Requests that wait for the retry budget")
        .tag("pool", pool)
        .register(registry);
  }

  private static String label(Enum<?> result) {
    return result.name().toLowerCase(Locale.ROOT);
  }

  public void count(Retry result) {
    increment(retries.get(result));
  }

  public void count(Hedge result) {
    increment(hedges.get(result));
  }

  public void count(Affinity result) {
    increment(affinities.get(result));
  }

  /** Retries that went. */
  long retries() {
    double sum = 0;
    for (Map.Entry<Retry, Counter> each : retries.entrySet()) {
      if (each.getKey() != Retry.REFUSED_BUDGET && each.getKey() != Retry.REFUSED_DEADLINE) {
        sum += each.getValue().count();
      }
    }
    return (long) sum;
  }

  private static void increment(@Nullable Counter counter) {
    if (counter != null) { // there is one for each
      counter.increment();
    }
  }
}
