package dev.caravan;

import dev.caravan.admission.Admission;
import dev.caravan.admission.Limits;
import dev.caravan.admission.Memory;
import dev.caravan.admission.Shed;
import dev.caravan.fleet.Fleet;
import dev.caravan.health.Breakers;
import dev.caravan.health.ProbeLedger;
import dev.caravan.ingress.Drain;
import dev.caravan.ingress.GatewayHttpComponent;
import dev.caravan.ingress.HttpIngress;
import dev.caravan.ingress.HttpSettings;
import dev.caravan.request.RequestId;
import dev.caravan.route.ErrorAnswer;
import dev.caravan.route.ModelComponent;
import dev.caravan.route.ModelParameters;
import dev.caravan.route.PoolComponent;
import dev.caravan.route.Pools;
import dev.caravan.route.ProbeAnswer;
import dev.caravan.route.ProbeComponent;
import dev.caravan.route.ProbeTimer;
import dev.caravan.route.Probes;
import dev.caravan.route.RouteFileValidator;
import dev.caravan.route.ServerBalancer;
import dev.caravan.route.Servers;
import dev.caravan.select.Balancers;
import dev.caravan.telemetry.AccessLog;
import dev.caravan.telemetry.HealthMeters;
import dev.caravan.telemetry.LogFile;
import dev.caravan.telemetry.Meters;
import dev.caravan.time.Chance;
import dev.caravan.time.Ticker;
import dev.caravan.time.WallClock;
import dev.caravan.upstream.TlsClients;
import dev.caravan.upstream.Transport;
import dev.caravan.upstream.UpstreamClient;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.composite.CompositeMeterRegistry;
import io.netty.channel.EventLoopGroup;
import io.netty.resolver.dns.DnsAddressResolverGroup;
import io.netty.resolver.dns.DnsNameResolverBuilder;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.Future;
import io.quarkus.runtime.configuration.ConfigurationException;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
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

  private final Settings settings;
  private final Ticker ticker;
  private final Chance chance;
  private final Transport transport = Transport.best();
  private final EventLoopGroup loops;
  private final Fleet fleet;
  private final Breakers breakers;
  private final ProbeLedger ledger;
  private final Probes probes;
  private final Pools pools;
  private final Servers servers;
  private final UpstreamClient client;
  private final Admission admission;
  private final HttpIngress ingress;
  private final @Nullable LogFile log;

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
    loops = transport.eventLoops(threads, "caravan-loop");
    MeterRegistry registry = narrowed(everyRegistry);
    Meters meters = new Meters(registry);
    HealthMeters health = new HealthMeters(registry);
    breakers = new Breakers(ticker, health);
    fleet =
        new Fleet(
            backend -> {
              meters.watch(backend);
              health.watch(backend.name());
              breakers.join(backend);
            });
    ledger =
        new ProbeLedger(
            settings.probe().failures(), settings.probe().successes(), fleet, breakers, health);
    probes = new Probes(ledger);
    pools = new Pools(clock, meters::watch);
    servers = new Servers(fleet, new TlsClients(), System::getenv);
    client = new UpstreamClient(transport, resolver(), ticker);
    log = openLog(settings.accessLog());
    AccessLog accessLog = new AccessLog(clock, log == null ? line -> {} : log::append);
    if (log != null) {
      meters.watch(log);
    }
    admission = new Admission(limits(settings.limits()), Memory.ofThisProcess(), ticker);
    ingress =
        new HttpIngress(
            httpSettings(settings.http()),
            pools,
            (call, id, path, status, outcome, start, bytesOut) -> {
              long duration = ticker.nanos() - start;
              meters.request(call, path, status, outcome, duration);
              accessLog.request(call, id, path, status, outcome, duration, bytesOut);
            },
            sent -> RequestId.of(sent, chance),
            admission,
            ticker);
    measure(meters);
    admission.watch(loops);
  }

  private void measure(Meters meters) {
    meters.gauge(
        "caravan.requests.inflight", "Requests that are being answered now", ingress::requests);
    meters.gauge(
        "caravan.connections", "Client connections that are open now", ingress::connections);
    meters.gauge(
        "caravan.event.loop.lag.seconds",
        "How late the event loop that lags most runs its tasks",
        () -> admission.maxLagNanos() / 1e9);
    for (Shed why : Shed.values()) {
      meters.counter(
          "caravan.shed",
          "Requests and connections that the gateway turned away because it was overloaded",
          Tag.of("reason", why.label()),
          () -> admission.shed(why));
    }
  }

  private static Limits limits(Settings.Limits limits) {
    try {
      return new Limits(
          limits.requests(), limits.connections(), limits.loopLag().toMillis(), limits.memory());
    } catch (IllegalArgumentException e) {
      throw new ConfigurationException("caravan.limits: " + e.getMessage());
    }
  }

  /** The one registry behind a composite, if it is one: a composite costs a loop at every count. */
  private static MeterRegistry narrowed(MeterRegistry registry) {
    return registry instanceof CompositeMeterRegistry composite
            && composite.getRegistries().size() == 1
        ? narrowed(composite.getRegistries().iterator().next())
        : registry;
  }

  private @Nullable LogFile openLog(Settings.AccessLog settings) {
    String path = settings.path().orElse("");
    if (path.isBlank()) {
      return null;
    }
    try {
      return new LogFile(
          path.equals("-") ? null : Path.of(path),
          settings.maxSize().asLongValue(),
          settings.keep(),
          ticker);
    } catch (IOException e) {
      throw new ConfigurationException(
          "caravan.access-log.path: " + path + " cannot be written: " + e);
    }
  }

  private DnsAddressResolverGroup resolver() {
    return new DnsAddressResolverGroup(
        new DnsNameResolverBuilder().datagramChannelFactory(transport.datagramChannels()));
  }

  private static HttpSettings httpSettings(Settings.Http http) {
    return new HttpSettings(
        Math.toIntExact(http.maxBody().asLongValue()),
        Math.toIntExact(http.maxLine().asLongValue()),
        Math.toIntExact(http.maxHead().asLongValue()),
        http.headTimeout().toMillis(),
        http.bodyTimeout().toMillis(),
        http.idleTimeout().toMillis(),
        http.writeTimeout().toMillis(),
        Set.copyOf(http.passHeaders()));
  }

  /** Makes the parts known to Camel; before any route is read. */
  void installIn(CamelContext camel) {
    camel.addComponent("netty-http", new GatewayHttpComponent(ingress, transport, loops));
    camel.addComponent("pool", new PoolComponent(pools));
    camel.addComponent("model", new ModelComponent(servers, client, loops));
    camel.addComponent("probe", new ProbeComponent(ledger, ProbeTimer.on(loops), chance));
    camel.getRegistry().bind("breakers", breakers);
    camel.getRegistry().bind("probe-answer", new ProbeAnswer());
    camel.getRegistry().bind("error-answer", new ErrorAnswer(ticker));
    for (String name : Balancers.names()) {
      // Each loadBalance step gets its own: Camel adds the step's outputs to the instance.
      camel
          .getRegistry()
          .bindAsPrototype(
              name,
              LoadBalancer.class,
              () -> new ServerBalancer(Balancers.named(name, chance), settings.attempts(), ticker));
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

  /** Makes a probe route for every server; when the routes have started. */
  void startProbes(CamelContext camel) throws Exception {
    for (ModelParameters server : servers.all()) {
      probes.ensure(camel, server, servers.modelOf(server.spec().name()));
    }
  }

  Pools pools() {
    return pools;
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
    loops.shutdownGracefully(0, 2, TimeUnit.SECONDS).awaitUninterruptibly();
    LogFile open = log;
    if (open != null) {
      open.close();
    }
  }
}
