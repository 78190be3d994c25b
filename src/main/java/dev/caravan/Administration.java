package dev.caravan;

import dev.caravan.admin.AuditLog;
import dev.caravan.admin.Changes;
import dev.caravan.admin.FleetOperations;
import dev.caravan.admin.GatewayFacts;
import dev.caravan.admin.LimitsInUse;
import dev.caravan.admin.OverviewStream;
import dev.caravan.admin.Overviews;
import dev.caravan.admin.RouteFileChanges;
import dev.caravan.admin.RouteFileList;
import dev.caravan.admin.Sampler;
import dev.caravan.admin.access.AccessSettings;
import dev.caravan.admin.access.ApiTokens;
import dev.caravan.fleet.Fleet;
import dev.caravan.fleet.Overrides;
import dev.caravan.select.DryRun;
import dev.caravan.select.Explanations;
import dev.caravan.tenant.Access;
import dev.caravan.time.Scheduler;
import dev.caravan.time.Ticker;
import dev.caravan.time.WallClock;
import io.quarkus.runtime.ShutdownDelayInitiatedEvent;
import io.quarkus.runtime.StartupEvent;
import io.quarkus.runtime.configuration.ConfigurationException;
import io.vertx.core.Vertx;
import jakarta.annotation.Priority;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.nio.file.Path;
import java.util.List;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.eclipse.microprofile.health.Readiness;

/** The management API put together: what it shows of the gateway, once a second, and to whom. */
@ApplicationScoped
public class Administration {
  private static final long SECOND_MILLIS = 1_000;

  /** Boot observes the same event in the middle, and waits for the drain. */
  private static final int BEFORE_BOOT = 1_000;

  private static final int AFTER_BOOT = 4_000;

  private final Managed parts;
  private final Gateway gateway;
  private final AdminSettings settings;
  private final Scheduler scheduler;
  private final Vertx vertx;
  private final ApiTokens tokens;
  private final Sampler sampler;
  private final LimitsInUse limits;
  private final Overviews overviews;
  private final OverviewStream stream;
  private final RouteFileChanges routeChanges;
  private final AuditLog audit;
  private final WaysIn waysIn;
  private final FleetOperations operations;
  private volatile boolean over;

  @Inject
  Administration(
      Gateway gateway,
      @Readiness ReadyCheck readiness,
      AdminSettings settings,
      WaysIn waysIn,
      RouteFileList routes,
      Vertx vertx,
      @ConfigProperty(name = "quarkus.application.version") String version) {
    this.gateway = gateway;
    this.settings = settings;
    this.waysIn = waysIn;
    parts = gateway.managed();
    // The management port's own event loops: those of requests have better to do.
    this.vertx = vertx;
    scheduler =
        (task, millis) -> {
          long timer = vertx.setTimer(Math.max(1, millis), due -> task.run());
          return () -> vertx.cancelTimer(timer);
        };
    GatewayFacts facts = new GatewayView(gateway, readiness, version);
    sampler = new Sampler(parts.fleet(), parts.meters(), facts, parts.ticker(), parts.clock());
    limits = new LimitsInUse(gateway.ledger(), parts.ticker(), parts.clock());
    overviews =
        new Overviews(
            parts.fleet(),
            parts.health(),
            parts.breakers(),
            parts.meters(),
            facts,
            sampler,
            limits,
            routes,
            parts.changes(),
            parts.ticker(),
            parts.clock());
    stream = new OverviewStream(overviews);
    routeChanges = new RouteFileChanges(routes, parts.changes());
    audit = new AuditLog(parts.clock());
    tokens = tokens(settings.auth());
    operations =
        new FleetOperations(
            parts.fleet(),
            parts.overrides(),
            parts.health(),
            parts.changes(),
            audit,
            parts.clock());
  }

  private static ApiTokens tokens(AdminSettings.Auth auth) {
    try {
      return new ApiTokens(
          auth.tokens().orElse(List.of()),
          auth.tokensFile().filter(file -> !file.isBlank()).map(Path::of).orElse(null));
    } catch (IllegalArgumentException e) {
      throw new ConfigurationException("API tokens: " + e.getMessage());
    }
  }

  void start(@Observes StartupEvent event) {
    waysIn.check(settings.openOnLoopback(), tokens);
    parts.changes().add(Changes.What.GATEWAY, null, null, "started", null);
    tick();
  }

  private void tick() {
    if (!over) {
      scheduler.schedule(this::tick, SECOND_MILLIS);
      routeChanges.look();
      sampler.sample();
      stream.tick();
      vertx.executeBlocking(
          () -> {
            tokens.refresh();
            return null;
          });
    }
  }

  /** Before the gateway lets its requests end. */
  void drain(@Observes @Priority(BEFORE_BOOT) ShutdownDelayInitiatedEvent event) {
    parts.changes().add(Changes.What.GATEWAY, null, "started", "draining", "told to stop");
  }

  /** After it: whoever watches has seen it. */
  void stop(@Observes @Priority(AFTER_BOOT) ShutdownDelayInitiatedEvent event) {
    over = true;
    stream.close();
  }

  @Produces
  @Singleton
  Fleet fleet() {
    return parts.fleet();
  }

  @Produces
  @Singleton
  Overrides overrides() {
    return parts.overrides();
  }

  @Produces
  @Singleton
  Changes changes() {
    return parts.changes();
  }

  @Produces
  @Singleton
  Explanations explanations() {
    return gateway.explanations();
  }

  @Produces
  @Singleton
  DryRun dryRun() {
    return gateway.dryRun();
  }

  @Produces
  @Singleton
  Sampler sampler() {
    return sampler;
  }

  @Produces
  @Singleton
  LimitsInUse limits() {
    return limits;
  }

  @Produces
  @Singleton
  Overviews overviews() {
    return overviews;
  }

  @Produces
  @Singleton
  OverviewStream stream() {
    return stream;
  }

  @Produces
  @Singleton
  WallClock clock() {
    return parts.clock();
  }

  @Produces
  @Singleton
  AuditLog audit() {
    return audit;
  }

  @Produces
  @Singleton
  FleetOperations operations() {
    return operations;
  }

  @Produces
  @Singleton
  AccessSettings access() {
    return new AccessSettings(settings.openOnLoopback(), settings.openMetrics());
  }

  @Produces
  @Singleton
  ApiTokens tokens() {
    return tokens;
  }

  @Produces
  @Singleton
  Access clientAccess() {
    return gateway.access();
  }

  @Produces
  @Singleton
  Ticker ticker() {
    return parts.ticker();
  }
}
