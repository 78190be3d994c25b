package dev.caravan.admin;

import dev.caravan.admin.GatewayFacts.OpenPool;
import dev.caravan.fleet.Backend;
import dev.caravan.fleet.Fleet;
import dev.caravan.telemetry.Attempts;
import dev.caravan.telemetry.Meters;
import dev.caravan.time.Ticker;
import dev.caravan.time.WallClock;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Reads what was measured once a second and makes rates, percentiles and a history of it. Costs a
 * request nothing. What has left the fleet is forgotten. Safe for any thread.
 */
public final class Sampler {
  private static final MathContext DIGITS = new MathContext(4);

  /** A timer that is a little early is no reason to wait for another second. */
  private static final long STEP_NANOS =
      TimeUnit.SECONDS.toNanos(History.STEP_SECONDS) - TimeUnit.MILLISECONDS.toNanos(500);

  private final Fleet fleet;
  private final Meters meters;
  private final GatewayFacts facts;
  private final Ticker ticker;
  private final WallClock clock;
  private final Map<String, Track> servers = new HashMap<>(); // this and below guarded by this
  private final Map<String, Track> pools = new HashMap<>();
  private final Map<String, Growth> jobs = new HashMap<>();
  private final Growth requests = new Growth(Track.RATE_SECONDS);
  private final Growth errors = new Growth(Track.RATE_SECONDS);
  private final Growth shed = new Growth(Track.RATE_SECONDS);
  private long stepNanos;
  private long stepMillis;

  /** Begins with nothing. */
  public Sampler(Fleet fleet, Meters meters, GatewayFacts facts, Ticker ticker, WallClock clock) {
    this.fleet = fleet;
    this.meters = meters;
    this.facts = facts;
    this.ticker = ticker;
    this.clock = clock;
    stepNanos = ticker.nanos();
    stepMillis = clock.epochMillis();
  }

  /** How fast the whole gateway works. */
  record Rates(
      @Nullable Double requestsPerSecond,
      @Nullable Double errorsPerSecond,
      @Nullable Double shedPerSecond) {}

  /** Requests of one pool, or of all. */
  private static final class Count {
    long all;
    long errors;

    void add(int status, long count) {
      all += count;
      errors += status >= 500 ? count : 0;
    }
  }

  /** Takes a sample; to be called once a second. */
  public synchronized void sample() {
    long now = ticker.nanos();
    boolean step = now - stepNanos >= STEP_NANOS;
    if (step) {
      stepNanos = now;
      stepMillis = clock.epochMillis();
    }
    Map<String, Track.Sums> byPool = new HashMap<>();
    sampleServers(byPool, now, step);
    samplePools(byPool, now, step);
    Set<String> queues = new HashSet<>();
    for (GatewayFacts.Jobs queue : facts.jobs()) {
      queues.add(queue.name());
      jobs.computeIfAbsent(queue.name(), name -> new Growth(Track.RATE_SECONDS))
          .add(queue.over(), now);
    }
    jobs.keySet().retainAll(queues);
    shed.add(facts.shed(), now);
  }

  private void sampleServers(Map<String, Track.Sums> byPool, long now, boolean step) {
    Set<String> present = new HashSet<>();
    for (Backend backend : fleet.all()) {
      present.add(backend.name());
      Track.Sums sums = new Track.Sums();
      sums.inflight = backend.inflight();
      for (Attempts attempts : meters.attempts(backend.name())) {
        sums.requests += attempts.ended();
        sums.failures += attempts.failed();
        sums.add(attempts);
        byPool.computeIfAbsent(attempts.pool(), name -> new Track.Sums()).add(attempts);
      }
      servers.computeIfAbsent(backend.name(), name -> new Track()).add(sums, now, step);
    }
    servers.keySet().retainAll(present);
  }

  private void samplePools(Map<String, Track.Sums> byPool, long now, boolean step) {
    Count everything = new Count();
    Map<String, Count> counts = new HashMap<>();
    meters.requests(
        (pool, status, count) -> {
          everything.add(status, count);
          counts.computeIfAbsent(pool, name -> new Count()).add(status, count);
        });
    requests.add(everything.all, now);
    errors.add(everything.errors, now);
    Set<String> present = new HashSet<>();
    for (OpenPool open : facts.pools()) {
      String name = open.pool().name();
      present.add(name);
      Track.Sums sums = byPool.getOrDefault(name, new Track.Sums());
      Count count = counts.getOrDefault(name, new Count());
      sums.inflight = open.pool().inflight();
      sums.requests = count.all;
      sums.failures = count.errors;
      sums.retries = meters.retries(name);
      pools.computeIfAbsent(name, each -> new Track()).add(sums, now, step);
    }
    pools.keySet().retainAll(present);
  }

  synchronized Rates rates() {
    return new Rates(
        rounded(requests.perSecond()), rounded(errors.perSecond()), rounded(shed.perSecond()));
  }

  /** Jobs of a queue that end in a second. */
  synchronized @Nullable Double jobs(String queue) {
    Growth growth = jobs.get(queue);
    return growth == null ? null : rounded(growth.perSecond());
  }

  synchronized Numbers server(String name) {
    return numbers(servers.get(name));
  }

  synchronized Numbers pool(String name) {
    return numbers(pools.get(name));
  }

  private static Numbers numbers(@Nullable Track track) {
    return track == null ? Numbers.unknown(0) : track.latest();
  }

  /** The history of a server; null where there is none of that name. */
  synchronized @Nullable History serverHistory(String name) {
    return history(servers.get(name), name);
  }

  /** The history of a pool; null where there is none of that name. */
  synchronized @Nullable History poolHistory(String name) {
    return history(pools.get(name), name);
  }

  private @Nullable History history(@Nullable Track track, String name) {
    return track == null ? null : track.history(name, stepMillis);
  }

  /** To four digits: nobody reads more, and the page is sent every second. */
  static @Nullable Double rounded(@Nullable Double value) {
    return value == null || value.isNaN() || value.isInfinite()
        ? null
        : Double.valueOf(new BigDecimal(value).round(DIGITS).doubleValue());
  }
}
