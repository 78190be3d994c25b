package dev.caravan.telemetry;

import dev.caravan.fleet.Backend;
import dev.caravan.fleet.Lease;
import dev.caravan.fleet.Pool;
import dev.caravan.outcome.Outcome;
import dev.caravan.upstream.Call;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What Caravan measures of its road, once a request. Meters are looked up when a server or a label
 * first appears and kept; on the road there is only an increment. Every label comes from a fixed
 * set or from the routes, never from a client. Safe for any thread.
 */
public final class Meters {
  static final Duration[] TTFT_BUCKETS =
      millis(5, 10, 25, 50, 100, 250, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000, 120_000);
  static final Duration[] GAP_BUCKETS =
      millis(1, 2, 5, 10, 20, 30, 50, 75, 100, 200, 500, 1_000, 5_000, 30_000);
  private static final Duration[] TOTAL_BUCKETS =
      millis(
          10, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000, 300_000, 1_800_000);

  private final MeterRegistry registry;
  private final boolean genAi;
  private final ConcurrentHashMap<RequestKey, RequestMeters> requests = new ConcurrentHashMap<>();
  private final ConcurrentHashMap<String, ServerMeters> servers = new ConcurrentHashMap<>();
  private final ConcurrentHashMap<String, RoadMeters> roads = new ConcurrentHashMap<>();
  // The registry itself forgets a count that nobody else holds.
  private final Queue<Supplier<Number>> counts = new ConcurrentLinkedQueue<>();

  /** Meters of Caravan's own names. */
  public Meters(MeterRegistry registry) {
    this(registry, false);
  }

  /**
   * Meters.
   *
   * @param genAi whether model servers are measured under OpenTelemetry's names as well
   */
  public Meters(MeterRegistry registry, boolean genAi) {
    this.registry = registry;
    this.genAi = genAi;
  }

  static Duration[] millis(long... values) {
    Duration[] buckets = new Duration[values.length];
    for (int i = 0; i < values.length; i++) {
      buckets[i] = Duration.ofMillis(values[i]);
    }
    return buckets;
  }

  // ---- servers

  /** Measures a server from now on; called once for each. */
  public void watch(Backend backend) {
    Gauge.builder("caravan.backend.inflight", backend, Backend::inflight)
        .description("Requests that a model server holds now")
        .tag("backend", backend.name())
        .register(registry);
    Gauge.builder("caravan.backend.background", backend, b -> b.background().inflight())
        .description("Background requests among them")
        .tag("backend", backend.name())
        .register(registry);
    Gauge.builder("caravan.backend.up", backend, b -> b.availability().eligible() ? 1 : 0)
        .description("1 where probes let a server have traffic")
        .tag("backend", backend.name())
        .register(registry);
    ServerMeters meters = new ServerMeters(registry, backend, genAi);
    backend.gaps(
        (lease, nanos) -> meters.of(lease.pool()).gap().record(nanos, TimeUnit.NANOSECONDS));
    backend.onClose(meters::closed);
    servers.put(backend.name(), meters);
  }

  /** A server has left the fleet: whatever is measured of it goes, whoever measures it. */
  public void forget(Backend backend) {
    servers.remove(backend.name());
    remove("backend", backend.name());
  }

  /** A pool is no more: whatever is measured of it goes. */
  public void forget(Pool pool) {
    requests.keySet().removeIf(key -> key.pool.equals(pool.name()));
    roads.remove(pool.name());
    servers.values().forEach(each -> each.forget(pool.name()));
    remove("pool", pool.name());
  }

  private void remove(String tag, String value) {
    for (Meter meter : registry.getMeters()) {
      if (value.equals(meter.getId().getTag(tag))) {
        registry.remove(meter);
      }
    }
  }

  /** Shows a number as it is when somebody looks. */
  public void gauge(String name, String description, Supplier<Number> number) {
    Gauge.builder(name, number).description(description).register(registry);
  }

  /** Shows a count that only grows as it is when somebody looks. */
  public void counter(String name, String description, Tag tag, Supplier<Number> count) {
    FunctionCounter.builder(name, count, c -> c.get().doubleValue())
        .description(description)
        .tags(List.of(tag))
        .register(registry);
    counts.add(count);
  }

  /** Shows how many requests are on their way through a pool. */
  public void watch(Pool pool) {
    Gauge.builder("caravan.pool.inflight", pool, Pool::inflight)
        .description("Requests that are on their way through a pool")
        .tag("pool", pool.name())
        .register(registry);
    Gauge.builder("caravan.pool.servers", pool, p -> p.backends().size())
        .description("Model servers of a pool")
        .tag("pool", pool.name())
        .register(registry);
    Gauge.builder("caravan.pool.usable", pool, Meters::usable)
        .description("Those of them that may be picked now")
        .tag("pool", pool.name())
        .register(registry);
    FunctionCounter.builder("caravan.panic.picks", pool, Pool::panicPicks)
        .description("Choices of a server while too few of the pool were usable")
        .tag("pool", pool.name())
        .register(registry);
  }

  private static long usable(Pool pool) {
    return pool.backends().stream().filter(Backend::usable).count();
  }

  /**
   * Measures a pool's retries and hedges from now on; called once for each.
   *
   * @param waiting how many retries wait now
   */
  public RoadMeters road(Pool pool, Supplier<Number> waiting) {
    RoadMeters road = new RoadMeters(registry, pool.name(), waiting);
    roads.put(pool.name(), road);
    return road;
  }

  /** Measures a pool's queue from now on, as {@link QueueMeters} has it; called once for each. */
  public QueueMeters queue(
      Pool pool,
      List<String> classes,
      List<String> reasons,
      Function<String, Number> waiting,
      Function<String, Number> expectedMillis,
      Function<String, Number> left) {
    return new QueueMeters(registry, pool.name(), classes, reasons, waiting, expectedMillis, left);
  }

  // ---- what was measured so far

  /** What every pool has had of a server. */
  public Collection<? extends Attempts> attempts(String server) {
    ServerMeters meters = servers.get(server);
    return meters == null ? List.of() : meters.byPool.values();
  }

  /** Attempts after the first that a pool has made. */
  public long retries(String pool) {
    RoadMeters road = roads.get(pool);
    return road == null ? 0 : road.retries();
  }

  /** Is told of requests that are over. */
  @FunctionalInterface
  public interface RequestReader {
    /**
     * So many have ended in one way.
     *
     * @param pool the pool's name, or {@code none} where they reached none
     * @param status what their clients were sent, or 0
     */
    void requests(String pool, int status, long count);
  }

  /** Tells of all requests that are over. */
  public void requests(RequestReader reader) {
    requests.forEach(
        (key, meters) -> reader.requests(key.pool, key.status, (long) meters.count.count()));
  }

  /** Counts what an access log loses. */
  public void watch(LogFile log) {
    FunctionCounter.builder("caravan.access.log.dropped", log, LogFile::dropped)
        .description("Lines of the access log that were lost because the disk was too slow")
        .register(registry);
  }

  /** One server's meters, by the pool that a request came through. */
  private static final class ServerMeters {
    private final MeterRegistry registry;
    private final Backend backend;
    private final boolean genAi;
    private final ConcurrentHashMap<String, AttemptMeters> byPool = new ConcurrentHashMap<>();
    // A server nearly always serves one pool, whose name is one object: no lookup then. A race
    // only costs a lookup.
    private volatile @Nullable AttemptMeters last;

    ServerMeters(MeterRegistry registry, Backend backend, boolean genAi) {
      this.registry = registry;
      this.backend = backend;
      this.genAi = genAi;
    }

    @SuppressWarnings("ReferenceEquality") // a shortcut: another object of equal text is looked up
    AttemptMeters of(String pool) {
      AttemptMeters recent = last;
      if (recent != null && recent.pool() == pool) {
        return recent;
      }
      AttemptMeters found =
          byPool.computeIfAbsent(pool, name -> AttemptMeters.of(registry, name, backend, genAi));
      last = found;
      return found;
    }

    void forget(String pool) {
      byPool.remove(pool);
      last = null;
    }

    void closed(Lease lease, Outcome outcome) {
      of(lease.pool()).closed(lease, outcome);
    }
  }

  // ---- requests

  private record RequestKey(String pool, String path, String outcome, int status) {}

  /** One kind of request's meters. */
  private record RequestMeters(Counter count, Timer duration, DistributionSummary attempts) {}

  /**
   * A client's request is over.
   *
   * @param path one of a fixed set
   * @param status what the client was sent, or 0
   */
  public void request(
      @Nullable Call call, String path, int status, Outcome outcome, long durationNanos) {
    String pool = call == null || call.pool().isEmpty() ? "none" : call.pool();
    RequestKey key = new RequestKey(pool, path, outcome.label(), status);
    RequestMeters meters = requests.get(key);
    if (meters == null) {
      meters = requests.computeIfAbsent(key, this::register);
    }
    boolean exemplar = call != null && Exemplars.begin(call.trace());
    meters.count.increment();
    meters.duration.record(durationNanos, TimeUnit.NANOSECONDS);
    if (call != null) {
      meters.attempts.record(call.attempts());
    }
    if (exemplar) {
      Exemplars.end();
    }
  }

  private RequestMeters register(RequestKey key) {
    return new RequestMeters(
        Counter.builder("caravan.requests")
            .description("Requests of clients, by how they ended")
            .tag("pool", key.pool)
            .tag("path", key.path)
            .tag("outcome", key.outcome)
            .tag("status", Integer.toString(key.status))
            .register(registry),
        Timer.builder("caravan.request.duration")
            .description("From the head of a request to the last byte of its answer")
            .tag("pool", key.pool)
            .tag("path", key.path)
            .serviceLevelObjectives(TOTAL_BUCKETS)
            .register(registry),
        DistributionSummary.builder("caravan.request.attempts")
            .description("Servers that a request was sent to")
            .tag("pool", key.pool)
            .serviceLevelObjectives(1, 2, 3)
            .register(registry));
  }
}
