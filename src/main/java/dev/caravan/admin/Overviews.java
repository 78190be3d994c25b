package dev.caravan.admin;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.caravan.admin.GatewayFacts.OpenPool;
import dev.caravan.fleet.Backend;
import dev.caravan.fleet.BackendSpec;
import dev.caravan.fleet.Fleet;
import dev.caravan.fleet.Pool;
import dev.caravan.fleet.ServerOverride;
import dev.caravan.health.Breaker;
import dev.caravan.health.Breakers;
import dev.caravan.health.FleetHealth;
import dev.caravan.health.FleetHealth.Standing;
import dev.caravan.telemetry.Attempts;
import dev.caravan.telemetry.Meters;
import dev.caravan.time.Ticker;
import dev.caravan.time.WallClock;
import java.net.URI;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Puts together what the management API shows of the gateway now. Safe for any thread. */
public final class Overviews {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Fleet fleet;
  private final FleetHealth health;
  private final Breakers breakers;
  private final Meters meters;
  private final GatewayFacts facts;
  private final Sampler sampler;
  private final LimitsInUse limits;
  private final RouteFileList routes;
  private final Changes changes;
  private final Ticker ticker;
  private final WallClock clock;
  private final long startNanos;

  /** Of those parts. */
  public Overviews(
      Fleet fleet,
      FleetHealth health,
      Breakers breakers,
      Meters meters,
      GatewayFacts facts,
      Sampler sampler,
      LimitsInUse limits,
      RouteFileList routes,
      Changes changes,
      Ticker ticker,
      WallClock clock) {
    this.fleet = fleet;
    this.health = health;
    this.breakers = breakers;
    this.meters = meters;
    this.facts = facts;
    this.sampler = sampler;
    this.limits = limits;
    this.routes = routes;
    this.changes = changes;
    this.ticker = ticker;
    this.clock = clock;
    startNanos = ticker.nanos();
  }

  /** Everything, for nobody in particular: {@code user} is left out. */
  Overview now() {
    return new Overview(
        clock.epochMillis(),
        null,
        gateway(),
        ingress(),
        facts.pools().stream().map(this::pool).toList(),
        servers(),
        limits.nearest(),
        routes.files(),
        changes.latest());
  }

  /** Everything as JSON, for nobody in particular. */
  String json() {
    return write(now());
  }

  /** That JSON for somebody. */
  static String with(Overview.User user, String json) {
    return "{\"user\":" + write(user) + "," + json.substring(1);
  }

  private static String write(Object value) {
    try {
      return JSON.writeValueAsString(value);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  private Overview.Gateway gateway() {
    Sampler.Rates rates = sampler.rates();
    return new Overview.Gateway(
        facts.version(),
        TimeUnit.NANOSECONDS.toSeconds(ticker.nanos() - startNanos),
        facts.ready(),
        facts.draining(),
        rates.requestsPerSecond(),
        facts.inflight(),
        facts.connections(),
        rates.errorsPerSecond(),
        rates.shedPerSecond(),
        Math.round(facts.loopLagSeconds() * 1e4) / 1e4);
  }

  private List<Overview.Ingress> ingress() {
    List<Overview.Ingress> all = new ArrayList<>();
    all.add(
        new Overview.Ingress(
            "http", sampler.rates().requestsPerSecond(), facts.inflight(), null, null));
    for (GatewayFacts.Jobs queue : facts.jobs()) {
      all.add(
          new Overview.Ingress(
              "jobs:" + queue.name(),
              sampler.jobs(queue.name()),
              queue.running(),
              queue.held(),
              queue.paused()));
    }
    return all;
  }

  private Overview.PoolNow pool(OpenPool open) {
    Pool pool = open.pool();
    Numbers numbers = sampler.pool(pool.name());
    return new Overview.PoolNow(
        pool.name(),
        open.aliases(),
        numbers.requestsPerSecond(),
        numbers.tokensPerSecond(),
        numbers.failuresPerSecond(),
        numbers.retriesPerSecond(),
        pool.inflight(),
        numbers.ttftP50Seconds(),
        numbers.ttftP95Seconds(),
        numbers.prefixHitRatio(),
        pool.backends().stream().map(Backend::name).toList(),
        queue(open.queue()));
  }

  private static Overview.@Nullable QueueNow queue(GatewayFacts.@Nullable Waiting queue) {
    if (queue == null) {
      return null;
    }
    long millis = queue.expectedMillis();
    return new Overview.QueueNow(
        queue.waiting(), queue.most(), millis < 0 ? null : Double.valueOf(millis / 1e3));
  }

  /** All servers, by name. */
  List<Overview.ServerNow> servers() {
    List<Overview.ServerNow> all = new ArrayList<>();
    for (Standing standing : health.standings()) {
      Overview.ServerNow server = server(standing);
      if (server != null) {
        all.add(server);
      }
    }
    return all;
  }

  /** The server of that name; null where there is none. */
  Overview.@Nullable ServerNow server(String name) {
    Standing standing = health.standing(name);
    return standing == null ? null : server(standing);
  }

  private Overview.@Nullable ServerNow server(Standing standing) {
    Backend backend = fleet.find(standing.server());
    if (backend == null) {
      return null; // it leaves at this moment
    }
    BackendSpec spec = backend.spec();
    Breaker breaker = breakers.find(backend.name());
    Numbers numbers = sampler.server(backend.name());
    Collection<? extends Attempts> attempts = meters.attempts(backend.name());
    return new Overview.ServerNow(
        backend.name(),
        shown(spec.url()),
        backend.pools().stream().map(Pool::name).toList(),
        standing.state().label(),
        standing.reason(),
        clock.epochMillis() - standing.sinceMillis(),
        breaker == null ? null : Changes.label(breaker.state()),
        standing.inflight(),
        spec.maxInflight() == BackendSpec.UNLIMITED ? null : spec.maxInflight(),
        spec.weight(),
        Math.round(standing.share() * 1e3) / 1e3,
        standing.drained(),
        known(attempts.stream().mapToLong(Attempts::inputTokens).sum()),
        known(attempts.stream().mapToLong(Attempts::outputTokens).sum()),
        numbers.requestsPerSecond(),
        numbers.tokensPerSecond(),
        numbers.failuresPerSecond(),
        numbers.ttftP50Seconds(),
        numbers.ttftP95Seconds(),
        numbers.prefixHitRatio(),
        shown(backend.override()));
  }

  private static @Nullable Long known(long tokens) {
    return tokens == 0 ? null : Long.valueOf(tokens);
  }

  static Overview.@Nullable OverrideNow shown(ServerOverride set) {
    return set.isNone()
        ? null
        : new Overview.OverrideNow(
            set.drain(), set.eject(), set.weight(), set.by(), set.atMillis());
  }

  /** A URL without what somebody may have put into it as a password. */
  private static String shown(URI url) {
    return url.getRawUserInfo() == null
        ? url.toString()
        : url.toString().replace(url.getRawUserInfo() + "@", "***@");
  }
}
