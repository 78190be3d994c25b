package dev.caravan;

import dev.caravan.admission.Admission;
import dev.caravan.admission.Memory;
import dev.caravan.fleet.Fleet;
import dev.caravan.health.Breakers;
import dev.caravan.health.FleetHealth;
import dev.caravan.health.HealthSettings;
import dev.caravan.health.Outliers;
import dev.caravan.ingress.ConversationFinder;
import dev.caravan.ingress.Drain;
import dev.caravan.ingress.GatewayHttpComponent;
import dev.caravan.ingress.HttpIngress;
import dev.caravan.request.RequestId;
import dev.caravan.route.DryRuns;
import dev.caravan.route.ErrorAnswer;
import dev.caravan.route.ModelComponent;
import dev.caravan.route.ModelParameters;
import dev.caravan.route.PoolComponent;
import dev.caravan.route.PoolRoads;
import dev.caravan.route.Pools;
import dev.caravan.route.ProbeAnswer;
import dev.caravan.route.ProbeComponent;
import dev.caravan.route.Probes;
import dev.caravan.route.Pulses;
import dev.caravan.route.ResponseHomes;
import dev.caravan.route.Resumptions;
import dev.caravan.route.RouteFileValidator;
import dev.caravan.route.ServerBalancer;
import dev.caravan.route.Servers;
import dev.caravan.select.Balancers;
import dev.caravan.select.DryRun;
import dev.caravan.select.Explanations;
import dev.caravan.select.Means;
import dev.caravan.select.PrefixIndex;
import dev.caravan.telemetry.AccessLog;
import dev.caravan.telemetry.EjectionMeters;
import dev.caravan.telemetry.HealthMeters;
import dev.caravan.telemetry.LogFile;
import dev.caravan.telemetry.Meters;
import dev.caravan.telemetry.ResumptionMeters;
import dev.caravan.time.Chance;
import dev.caravan.time.Scheduler;
import dev.caravan.time.Ticker;
import dev.caravan.time.WallClock;
import dev.caravan.upstream.TlsClients;
import dev.caravan.upstream.Transport;
import dev.caravan.upstream.UpstreamClient;
import io.micrometer.core.instrument.MeterRegistry;
import io.netty.channel.EventLoopGroup;
import io.netty.resolver.dns.DnsAddressResolverGroup;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.Future;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.camel.CamelContext;
import org.apache.camel.model.ErrorHandlerDefinition;
import org.apache.camel.model.Model;
import org.apache.camel.model.RouteConfigurationDefinition;
import org.apache.camel.model.errorhandler.NoErrorHandlerDefinition;
import org.apache.camel.processor.loadbalancer.LoadBalancer;
import org.jspecify.annotations.Nullable;

/**
 * The gateway put together: every part made once, handed what it needs, and made known to Camel
 * under the names that routes use.
 */
@ApplicationScoped
public class Gateway {
  /** Far above any pause that a busy loop or a garbage collection makes. */
  private static final Duration LOOP_PATIENCE = Duration.ofSeconds(3);

  /**
   * Two prompts without an answer, the second at once after the first, show a hang within three
   * probe periods; one alone may have met a pause.
   */
  private static final int UNANSWERED = 2;

  private final Settings settings;
  private final Ticker ticker;
  private final Chance chance;
  private final Transport transport = Transport.best();
  private final EventLoopGroup loops;
  private final Scheduler scheduler;
  private final Fleet fleet;
  private final Breakers breakers;
  private final FleetHealth health;
  private final HealthMeters healthMeters;
  private final Probes probes;
  private final @Nullable Pulses pulses;
  private final Pools pools;
  private final PoolRoads roads;
  private final Servers servers;
  private final UpstreamClient client;
  private final Resumptions resumptions;
  private final Admission admission;
  private final HttpIngress ingress;
  private final @Nullable LogFile log;
  private final PrefixIndex prefixes;
  private final Explanations explanations = new Explanations();
  private final DryRuns dryRuns;

  @Inject
  Gateway(Settings settings, MeterRegistry everyRegistry) {
    this(settings, everyRegistry, Ticker.system());
  }

  Gateway(Settings settings, MeterRegistry everyRegistry, Ticker ticker) {
    this.settings = settings;
    this.ticker = ticker;
    WallClock clock = WallClock.system();
    chance = settings.seed().map(Chance::seeded).orElseGet(Chance::system);
    int threads =
        settings.eventLoops() > 0
            ? settings.eventLoops()
            : Runtime.getRuntime().availableProcessors();
    prefixes = Parts.prefixIndex(settings.prefixIndex());
    loops = transport.eventLoops(threads, "caravan-loop");
    scheduler = Scheduler.on(loops);
    MeterRegistry registry = Parts.narrowed(everyRegistry);
    Meters meters = new Meters(registry);
    healthMeters = new HealthMeters(registry);
    resumptions = new Resumptions(new ResumptionMeters(registry), ticker);
    breakers = new Breakers(ticker, healthMeters);
    health =
        new FleetHealth(
            new HealthSettings(
                settings.probe().failures(), settings.probe().successes(), UNANSWERED),
            ticker,
            scheduler,
            breakers,
            healthMeters);
    EjectionMeters ejectionMeters = new EjectionMeters(registry);
    Outliers outliers = new Outliers(health, ejectionMeters, ticker, chance);
    ResponseHomes responses = new ResponseHomes();
    fleet =
        new Fleet(
            backend -> {
              backend.onClose((lease, outcome) -> responses.ended(lease));
              meters.watch(backend);
              healthMeters.watch(backend);
              breakers.join(backend);
              health.join(backend);
              ejectionMeters.watch(backend.name());
              outliers.watch(backend);
            });
    probes = new Probes(health);
    roads =
        new PoolRoads(
            ticker, chance, scheduler, meters, responses, explanations, settings.attempts());
    pools =
        new Pools(
            clock,
            pool -> {
              meters.watch(pool);
              roads.open(pool);
            });
    servers = new Servers(fleet, new TlsClients(), System::getenv, health::specified);
    DnsAddressResolverGroup resolver = Parts.resolver(transport);
    client = new UpstreamClient(transport, resolver, ticker, clock);
    pulses =
        settings.health().enabled()
            ? new Pulses(
                servers,
                health,
                healthMeters,
                transport,
                resolver,
                loops,
                ticker,
                chance,
                settings.health().period(),
                settings.health().timeout())
            : null;
    log = Parts.openLog(settings.accessLog(), ticker);
    AccessLog accessLog = new AccessLog(clock, log == null ? line -> {} : log::append);
    if (log != null) {
      meters.watch(log);
    }
    admission = new Admission(Parts.limits(settings.limits()), Memory.ofThisProcess(), ticker);
    ConversationFinder finder = Parts.finder(settings.conversation());
    Parts.measure(meters, finder);
    ingress =
        new HttpIngress(
            Parts.httpSettings(settings.http(), settings.explain().header()),
            finder,
            pools,
            (call, id, path, status, outcome, start, bytesOut) -> {
              long duration = ticker.nanos() - start;
              meters.request(call, path, status, outcome, duration);
              accessLog.request(call, id, path, status, outcome, duration, bytesOut);
            },
            sent -> RequestId.of(sent, chance),
            admission,
            ticker);
    dryRuns = new DryRuns(ingress, pools);
    Parts.measure(meters, ingress, admission, prefixes);
    admission.watch(loops);
  }

  /** Makes the parts known to Camel; before any route is read. */
  void installIn(CamelContext camel) {
    dryRuns.routes(camel);
    camel.addComponent("netty-http", new GatewayHttpComponent(ingress, transport, loops));
    camel.addComponent("pool", new PoolComponent(pools));
    camel.addComponent("model", new ModelComponent(servers, client, loops));
    camel.addComponent(
        "probe", new ProbeComponent(health, healthMeters, scheduler, ticker, chance));
    camel.getRegistry().bind("breakers", breakers);
    camel.getRegistry().bind("probe-answer", new ProbeAnswer());
    camel.getRegistry().bind("error-answer", new ErrorAnswer(ticker));
    Means means = new Means(chance, ticker, prefixes);
    for (String name : Balancers.names()) {
      // Each loadBalance step gets its own: Camel adds the step's outputs to the instance.
      camel
          .getRegistry()
          .bindAsPrototype(
              name,
              LoadBalancer.class,
              () -> new ServerBalancer(Balancers.named(name, means), roads, resumptions));
    }
    // A failed attempt is the balancer's business, not that of an error handler at every step. Only
    // a route that names another configuration has one.
    ErrorHandlerDefinition none = new ErrorHandlerDefinition();
    none.setErrorHandlerType(new NoErrorHandlerDefinition());
    RouteConfigurationDefinition everywhere = new RouteConfigurationDefinition();
    everywhere.setErrorHandler(none);
    camel
        .getCamelContextExtension()
        .getContextPlugin(Model.class)
        .addRouteConfiguration(everywhere);
  }

  /** Checks route files against what this gateway knows. */
  RouteFileValidator validator(CamelContext camel) {
    return new RouteFileValidator(
        name -> camel.getPropertiesComponent().resolveProperty(name).orElse(null),
        Balancers.names(),
        name -> camel.getRegistry().lookupByNameAndType(name, LoadBalancer.class) != null);
  }

  /** Begins to ask every server how it is, and with which prompts; when the routes have started. */
  void startProbes(CamelContext camel) throws Exception {
    for (ModelParameters server : servers.all()) {
      if (pulses != null) {
        pulses.ensure(server.spec().name());
      }
      probes.ensure(camel, server, servers.modelOf(server.spec().name()));
    }
  }

  Pools pools() {
    return pools;
  }

  /** What is believed of every server; the management API shows it. */
  @Produces
  @Singleton
  FleetHealth health() {
    return health;
  }

  /** Why requests were sent where they were. */
  @Produces
  @Singleton
  Explanations explanations() {
    return explanations;
  }

  /** Where requests would be sent. */
  @Produces
  @Singleton
  DryRun dryRun() {
    return dryRuns;
  }

  HttpIngress ingress() {
    return ingress;
  }

  Fleet fleet() {
    return fleet;
  }

  /** Event loops that did not run a task within {@link #LOOP_PATIENCE}; waits that long at most. */
  int stuckLoops() {
    List<Future<?>> pulses = new ArrayList<>();
    for (EventExecutor loop : loops) {
      pulses.add(loop.submit(() -> {}));
    }
    long deadline = ticker.nanos() + LOOP_PATIENCE.toNanos();
    int stuck = 0;
    for (Future<?> pulse : pulses) {
      if (!pulse.awaitUninterruptibly(
          Math.max(0, deadline - ticker.nanos()), TimeUnit.NANOSECONDS)) {
        stuck++;
      }
    }
    return stuck;
  }

  /** Lets what runs end, and takes nothing new; waits for it. */
  void drain() {
    new Drain(ingress, ticker)
        .run(settings.shutdown().delay().toMillis(), settings.shutdown().timeout().toMillis());
  }

  void stop() {
    if (pulses != null) {
      pulses.dropAll();
    }
    loops.shutdownGracefully(0, 2, TimeUnit.SECONDS).awaitUninterruptibly();
    LogFile open = log;
    if (open != null) {
      open.close();
    }
  }
}
