package dev.caravan.telemetry;

import dev.caravan.fleet.Backend;
import dev.caravan.fleet.Lease;
import dev.caravan.outcome.Outcome;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import org.HdrHistogram.AtomicHistogram;
import org.HdrHistogram.Histogram;

/** What is measured of the attempts that one pool makes at one server. Safe for any thread. */
final class AttemptMeters implements Attempts {
  /** Longer than any answer is waited for. */
  private static final long LONGEST_MICROS = TimeUnit.HOURS.toMicros(1);

  private final MeterRegistry registry;
  private final String pool;
  private final Backend server;
  private final String backend;
  private final boolean genAi;
  private final Timer firstByte;
  private final Timer gap;
  private final Counter promptTokens;
  private final Counter completionTokens;
  // The buckets of the timer are too few to tell a percentile from.
  private final AtomicHistogram firstBytes = new AtomicHistogram(LONGEST_MICROS, 1);
  private final LongAdder cached = new LongAdder();
  private final LongAdder cachable = new LongAdder();
  private final ConcurrentHashMap<AttemptKey, Counter> attempts = new ConcurrentHashMap<>();

  /** How an attempt ended, in labels; both are constants. */
  private record AttemptKey(String outcome, String cause, boolean failed) {}

  // One for each operation that was asked for: three at most, so that a look at each is no search.
  private volatile GenAiMeters[] operations = {};

  private AttemptMeters(MeterRegistry registry, String pool, Backend server, boolean genAi) {
    this.registry = registry;
    this.pool = pool;
    this.server = server;
    this.genAi = genAi;
    backend = server.name();
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

  /**
   * Meters of their own for a pool and a server.
   *
   * @param genAi whether there are also those of OpenTelemetry's names
   */
  static AttemptMeters of(MeterRegistry registry, String pool, Backend server, boolean genAi) {
    return new AttemptMeters(registry, pool, server, genAi);
  }

  private Counter tokens(String type) {
    return Counter.builder("caravan.backend.tokens")
        .description("Tokens as the servers report them in usage")
        .tag("pool", pool)
        .tag("backend", backend)
        .tag("type", type)
        .register(registry);
  }

  @Override
  public String pool() {
    return pool;
  }

  @Override
  public long ended() {
    double sum = 0;
    for (Counter each : attempts.values()) {
      sum += each.count();
    }
    return (long) sum;
  }

  @Override
  public long failed() {
    double sum = 0;
    for (Map.Entry<AttemptKey, Counter> each : attempts.entrySet()) {
      if (each.getKey().failed()) {
        sum += each.getValue().count();
      }
    }
    return (long) sum;
  }

  @Override
  public long inputTokens() {
    return (long) promptTokens.count();
  }

  @Override
  public long outputTokens() {
    return (long) completionTokens.count();
  }

  @Override
  public long cachedTokens() {
    return cached.sum();
  }

  @Override
  public long cachableTokens() {
    return cachable.sum();
  }

  @Override
  public void addFirstBytesTo(Histogram sum) {
    sum.add(firstBytes);
  }

  Timer gap() {
    return gap;
  }

  void closed(Lease lease, Outcome outcome) {
    boolean exemplar = Exemplars.begin(lease.trace());
    String cause = cause(outcome);
    long ttft = lease.timeToFirstByteNanos();
    if (ttft >= 0) {
      firstByte.record(ttft, TimeUnit.NANOSECONDS);
      firstBytes.recordValue(Math.min(LONGEST_MICROS, TimeUnit.NANOSECONDS.toMicros(ttft)));
    }
    if (lease.promptTokens() > 0) {
      promptTokens.increment((double) lease.promptTokens());
    }
    if (lease.completionTokens() > 0) {
      completionTokens.increment((double) lease.completionTokens());
    }
    if (lease.cachedTokens() >= 0 && lease.promptTokens() > 0) {
      cached.add(lease.cachedTokens());
      cachable.add(lease.promptTokens());
    }
    AttemptKey key = new AttemptKey(outcome.label(), cause, failed(outcome));
    Counter counter = attempts.get(key);
    if (counter == null) {
      counter = attempts.computeIfAbsent(key, this::register);
    }
    counter.increment();
    if (genAi && !lease.operation().isEmpty()) {
      genAi(lease.operation()).closed(lease, outcome, cause);
    }
    if (exemplar) {
      Exemplars.end();
    }
  }

  @SuppressWarnings("ReferenceEquality") // constants; another of equal text is found below
  private GenAiMeters genAi(String operation) {
    for (GenAiMeters each : operations) {
      if (each.operation() == operation) {
        return each;
      }
    }
    return firstOf(operation);
  }

  private synchronized GenAiMeters firstOf(String operation) {
    GenAiMeters[] known = operations;
    for (GenAiMeters each : known) {
      if (each.operation().equals(operation)) {
        return each;
      }
    }
    GenAiMeters made = new GenAiMeters(registry, pool, server, operation);
    GenAiMeters[] more = Arrays.copyOf(known, known.length + 1);
    more[known.length] = made;
    operations = more;
    return made;
  }

  private static boolean failed(Outcome outcome) {
    return outcome instanceof Outcome.FailedBefore
        || outcome instanceof Outcome.FailedAfter
        || (outcome instanceof Outcome.Completed answer && answer.status() >= 500);
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
