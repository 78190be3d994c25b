package dev.caravan.telemetry;

import dev.caravan.fleet.Lease;
import dev.caravan.outcome.Outcome;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/** What is measured of the attempts that one pool makes at one server. Safe for any thread. */
final class AttemptMeters {
  private final MeterRegistry registry;
  private final String pool;
  private final String backend;
  private final Timer firstByte;
  private final Timer gap;
  private final Counter promptTokens;
  private final Counter completionTokens;
  private final ConcurrentHashMap<AttemptKey, Counter> attempts = new ConcurrentHashMap<>();

  /** How an attempt ended, in labels; both are constants. */
  private record AttemptKey(String outcome, String cause) {}

  private AttemptMeters(MeterRegistry registry, String pool, String backend) {
    this.registry = registry;
    this.pool = pool;
    this.backend = backend;
    firstByte =
        Timer.builder("caravan.backend.ttft")
            .description("From the pick of a server to the first byte of its answer")
            .tag("pool", pool)
            .tag("backend", backend)
            .serviceLevelObjectives(Meters.TTFT_BUCKETS)
            .register(registry);
    gap =
        Timer.builder("caravan.backend.itl")
            .description("Between two parts of an answer: inter-token latency")
            .tag("pool", pool)
            .tag("backend", backend)
            .serviceLevelObjectives(Meters.GAP_BUCKETS)
            .register(registry);
    promptTokens = tokens("input");
    completionTokens = tokens("output");
  }

  /** Meters of their own for a pool and a server. */
  static AttemptMeters of(MeterRegistry registry, String pool, String backend) {
    return new AttemptMeters(registry, pool, backend);
  }

  private Counter tokens(String type) {
    return Counter.builder("caravan.backend.tokens")
        .description("Tokens as the servers report them in usage")
        .tag("pool", pool)
        .tag("backend", backend)
        .tag("type", type)
        .register(registry);
  }

  String pool() {
    return pool;
  }

  Timer gap() {
    return gap;
  }

  void closed(Lease lease, Outcome outcome) {
    long ttft = lease.timeToFirstByteNanos();
    if (ttft >= 0) {
      firstByte.record(ttft, TimeUnit.NANOSECONDS);
    }
    if (lease.promptTokens() > 0) {
      promptTokens.increment((double) lease.promptTokens());
    }
    if (lease.completionTokens() > 0) {
      completionTokens.increment((double) lease.completionTokens());
    }
    AttemptKey key = new AttemptKey(outcome.label(), cause(outcome));
    Counter counter = attempts.get(key);
    if (counter == null) {
      counter = attempts.computeIfAbsent(key, this::register);
    }
    counter.increment();
  }

  private static String cause(Outcome outcome) {
    if (outcome instanceof Outcome.FailedBefore before) {
      return before.cause().label();
    }
    return outcome instanceof Outcome.FailedAfter after ? after.cause().label() : "";
  }

  private Counter register(AttemptKey key) {
    return Counter.builder("caravan.backend.attempts")
        .description("Attempts at a model server, by how they ended")
        .tag("pool", pool)
        .tag("backend", backend)
        .tag("outcome", key.outcome)
        .tag("cause", key.cause)
        .register(registry);
  }
}
