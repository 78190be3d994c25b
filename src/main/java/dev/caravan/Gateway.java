package dev.caravan;

import dev.caravan.admin.Changes;
import dev.caravan.admission.Admission;
import dev.caravan.admission.Memory;
import dev.caravan.fleet.Fleet;
import dev.caravan.fleet.Overrides;
import dev.caravan.health.Breakers;
import dev.caravan.health.FleetHealth;
import dev.caravan.health.HealthListener;
import dev.caravan.health.Outliers;
import dev.caravan.ingress.ConversationFinder;
import dev.caravan.ingress.Drain;
import dev.caravan.ingress.GatewayHttpComponent;
import dev.caravan.ingress.HttpIngress;
import dev.caravan.limit.Ledger;
import dev.caravan.queue.JobWorks;
import dev.caravan.request.RequestId;
import dev.caravan.route.DirectRoutes;
import dev.caravan.route.DryRuns;
import dev.caravan.route.ErrorAnswer;
import dev.caravan.route.ModelComponent;
import dev.caravan.route.PoolComponent;
import dev.caravan.route.PoolRoads;
import dev.caravan.route.Pools;
import dev.caravan.route.ResponseHomes;
import dev.caravan.route.Resumptions;
import dev.caravan.route.file.RouteStatus;
import dev.caravan.route.jobs.Jobs;
import dev.caravan.route.probe.ProbeComponent;
import dev.caravan.route.probe.Probes;
import dev.caravan.route.probe.Pulses;
import dev.caravan.route.probe.ServerChecks;
import dev.caravan.route.reload.LiveRoutes;
import dev.caravan.route.reload.RouteTables;
import dev.caravan.route.server.KeyFiles;
import dev.caravan.route.server.Servers;
import dev.caravan.select.DryRun;
import dev.caravan.select.Explanations;
import dev.caravan.select.Means;
import dev.caravan.select.PrefixIndex;
import dev.caravan.telemetry.EjectionMeters;
import dev.caravan.telemetry.HealthMeters;
import dev.caravan.telemetry.Meters;
import dev.caravan.telemetry.ResumptionMeters;
import dev.caravan.telemetry.RouteMeters;
import dev.caravan.tenant.Access;
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
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.util.concurrent.TimeUnit;
import org.apache.camel.CamelContext;

/**
 * The gateway put together: every part made once, handed what it needs, and made known to Camel
 * under the names that routes use.
 */
@ApplicationScoped
public class Gateway {
  private final Settings settings;
  private final Ticker ticker;
  private final Transport transport = Transport.best();
  private final EventLoopGroup loops;
  private final Fleet fleet;
  private final FleetHealth health;
  private final Limiting limiting;
  private final Credentials credentials;
  private final Pools pools;
  private final Admission admission;
  private final HttpIngress ingress;
  private final Observation observation;
  private final Explanations explanations = new Explanations();
  private final DryRuns dryRuns;
  private final Queues queues;
  private final Components components;
  private final Routing routing;
  private final Managed managed;
  private final Discovery discovery;
  private final TlsParts tls;

  @Inject
  Gateway(
      Settings settings, TelemetrySettings telemetry, MeterRegistry everyRegistry, TlsSetup tls) {
    this(
        settings,
        new Observation(settings, telemetry, everyRegistry, Ticker.system(), null),
        Ticker.system(),
        tls);
  }

  Gateway(Settings settings, Observation observation, Ticker ticker, TlsSetup setup) {
    this.settings = settings;
    this.observation = observation;
    this.ticker = ticker;
    WallClock clock = WallClock.system();
    Chance chance = settings.seed().map(Chance::seeded).orElseGet(Chance::system);
    PrefixIndex prefixes = Parts.prefixIndex(settings.prefixIndex());
    int threads = Parts.threads(settings.eventLoops());
    loops = transport.eventLoops(threads, "caravan-loop");
    Scheduler scheduler = Scheduler.on(loops);
    MeterRegistry registry = observation.registry();
    Meters meters = observation.meters();
    tls = TlsParts.of(setup, registry, ticker, clock, threads);
    HealthMeters healthMeters = new HealthMeters(registry);
    ResumptionMeters resumptionMeters = new ResumptionMeters(registry);
    Resumptions resumptions = new Resumptions(resumptionMeters, ticker);
    Changes changes = new Changes(clock);
    HealthListener listeners = healthMeters.and(changes);
    Breakers breakers = new Breakers(ticker, listeners);
    health =
        new FleetHealth(Parts.health(settings.probe()), ticker, scheduler, breakers, listeners);
    EjectionMeters ejectionMeters = new EjectionMeters(registry);
    Outliers outliers = new Outliers(health, ejectionMeters, ticker, chance);
    ResponseHomes responses = new ResponseHomes();
    Overrides overrides = new Overrides();
    PoolRoads roads =
        new PoolRoads(
            ticker, chance, scheduler, meters, responses, explanations, settings.attempts());
    limiting = new Limiting(settings.limits().redis(), registry, loops, ticker, clock);
    Learners learners =
        new Learners(
            Parts.background(settings.background()),
            responses,
            meters,
            healthMeters,
            ejectionMeters,
            resumptionMeters,
            breakers,
            overrides,
            health,
            outliers,
            prefixes,
            roads,
            limiting.ledger());
    fleet = new Fleet(learners::joined, learners::left);
    pools = new Pools(clock, learners);
    Servers servers =
        new Servers(fleet, new TlsClients(tls.entries()), System::getenv, health::specified);
    DnsAddressResolverGroup resolver = Parts.resolver(transport);
    UpstreamClient client = new UpstreamClient(transport, resolver, ticker, clock);
    Pulses pulses =
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
    discovery =
        new Discovery(
            settings.discovery(), servers, breakers, registry, transport, loops, scheduler, chance);
    admission = new Admission(Parts.limits(settings.limits()), Memory.ofThisProcess(), ticker);
    KeyFiles keys = new KeyFiles(servers, health::specified);
    credentials = new Credentials(settings, meters, ticker, clock, keys);
    ConversationFinder finder = Parts.measured(Parts.finder(settings.conversation()), meters);
    ingress =
        new HttpIngress(
            Parts.httpSettings(settings.http(), settings.explain().header()),
            finder,
            pools,
            observation.requests(),
            sent -> RequestId.of(sent, chance),
            admission,
            credentials.access(),
            ticker,
            observation.tracing());
    dryRuns = new DryRuns(ingress, pools);
    queues =
        new Queues(
            settings.queue(),
            workers ->
                new JobWorks(
                    ingress,
                    loops,
                    workers,
                    scheduler,
                    ticker,
                    clock,
                    chance,
                    admission,
                    registry,
                    observation.jobs(),
                    credentials::tenant));
    components =
        new Components(
            new GatewayHttpComponent(ingress, transport, loops, tls.port()),
            new DirectRoutes(),
            new PoolComponent(pools, roads, limiting.ledger()),
            new ModelComponent(servers, client, loops),
            new ProbeComponent(health, healthMeters, scheduler, ticker, chance),
            breakers,
            new ErrorAnswer(ticker),
            new Means(chance, ticker, prefixes),
            roads,
            resumptions);
    LiveRoutes live =
        new LiveRoutes(
            new RouteTables(
                pools, servers, breakers, components.direct(), queues.jobs(), components.http()),
            new ServerChecks(servers, new Probes(health), components.probe(), pulses),
            loops,
            ticker,
            clock,
            new RouteMeters(registry));
    routing = new Routing(settings.routes(), live, ticker);
    Parts.measure(meters, ingress, admission, prefixes);
    managed =
        new Managed(
            fleet, overrides, health, breakers, meters, changes, admission, roads, ticker, clock);
    admission.watch(loops);
  }

  /** Makes the brokers' components known to Camel; before it sets {@code camel.component.*}. */
  void installBrokersIn(CamelContext camel) {
    queues.installBrokersIn(camel);
  }

  /** Makes the other parts known to Camel; before any route is read. */
  void installIn(CamelContext camel) {
    queues.installIn(camel);
    components.install(camel);
  }

  /** TLS, and its certificates. */
  TlsParts tls() {
    return tls;
  }

  /** Servers that are found. */
  Discovery discovery() {
    return discovery;
  }

  /** The routes; loaded when the parts are known to Camel. */
  Routing routing() {
    return routing;
  }

  /** How the route files stand. */
  @Produces
  @Singleton
  RouteStatus routeStatus() {
    return routing.status();
  }

  /** What is used of limits. */
  @Produces
  @Singleton
  Ledger ledger() {
    return limiting.ledger();
  }

  /** Who may ask. */
  Access access() {
    return credentials.access();
  }

  Limiting limiting() {
    return limiting;
  }

  Pools pools() {
    return pools;
  }

  /** The parts that the management API shows and changes. */
  Managed managed() {
    return managed;
  }

  Explanations explanations() {
    return explanations;
  }

  DryRun dryRun() {
    return dryRuns;
  }

  HttpIngress ingress() {
    return ingress;
  }

  Jobs jobs() {
    return queues.jobs();
  }

  Fleet fleet() {
    return fleet;
  }

  /** Event loops that are stuck; waits for three seconds at most to know. */
  int stuckLoops() {
    return Parts.stuck(loops, ticker);
  }

  /** Lets what runs end, and takes nothing new; waits for it. */
  void drain() {
    routing.freeze();
    new Drain(ingress, queues.jobs(), ticker)
        .run(settings.shutdown().delay().toMillis(), settings.shutdown().timeout().toMillis());
  }

  void stop() {
    discovery.close();
    routing.stop();
    queues.stop();
    limiting.close();
    tls.entries().close();
    credentials.close();
    loops.shutdownGracefully(0, 2, TimeUnit.SECONDS).awaitUninterruptibly();
    observation.close();
  }
}
