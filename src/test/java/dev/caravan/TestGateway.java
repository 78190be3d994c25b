package dev.caravan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.caravan.fleet.Backend;
import dev.caravan.route.file.RouteStatus;
import dev.caravan.select.DryRun;
import dev.caravan.select.Explanations;
import dev.caravan.testing.PemRegistry;
import dev.caravan.testing.Ports;
import dev.caravan.time.Ticker;
import dev.caravan.tls.RegistrySource;
import dev.caravan.tls.TlsSource;
import dev.caravan.tracing.OtlpTracing;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.micrometer.core.instrument.Clock;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.composite.CompositeMeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.micrometer.prometheus.PrometheusConfig;
import io.micrometer.prometheus.PrometheusMeterRegistry;
import io.opentelemetry.sdk.testing.exporter.InMemorySpanExporter;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.prometheus.client.CollectorRegistry;
import io.prometheus.client.exporter.common.TextFormat;
import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfig;
import io.smallrye.config.SmallRyeConfigBuilder;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.apache.camel.Exchange;
import org.apache.camel.Route;
import org.apache.camel.component.properties.PropertiesComponent;
import org.apache.camel.impl.DefaultCamelContext;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.jspecify.annotations.Nullable;

/**
 * The real gateway in this process, on a port of its own, without Quarkus: the packaged settings
 * and routes, and the pools that a test writes. Closing it checks that nothing was left behind.
 */
@SuppressWarnings("deprecation") // the registry of Prometheus that Quarkus has
public final class TestGateway implements AutoCloseable {
  /** A property of tests alone: whether there is a registry of Prometheus' as well. */
  public static final String SCRAPED = "test.scraped";

  private static final String TLS = "quarkus.tls.";
  private static final String ACCESS_LOG = "access.log";
  private static final Duration LONG = Duration.ofSeconds(20);

  private static final AtomicReference<KubernetesClient> KUBERNETES = new AtomicReference<>();

  private final DefaultCamelContext camel = new DefaultCamelContext();
  private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
  private final PrometheusMeterRegistry prometheus =
      new PrometheusMeterRegistry(
          PrometheusConfig.DEFAULT,
          new CollectorRegistry(true),
          Clock.SYSTEM,
          ExemplarSource.sampler());
  private final InMemorySpanExporter spans = InMemorySpanExporter.create();
  private final Observation observation;
  private final Path directory;
  private final Settings settings;
  private final Gateway gateway;
  private final @Nullable Vertx tlsVertx;
  private final int port = Ports.free();

  private TestGateway(
      String routes, Map<String, String> properties, Map<String, Object> beans, Ticker ticker)
      throws Exception {
    Map<String, String> values = packaged();
    values.put("caravan.http.host", "127.0.0.1");
    values.put("caravan.http.port", Integer.toString(port));
    values.put("caravan.event-loops", "2");
    values.put("caravan.probe.enabled", "false");
    // A slow machine is not what a test is about.
    values.put("caravan.limits.loop-lag", "0s");
    values.put("caravan.health.enabled", "false");
    directory = Files.createTempDirectory("routes");
    values.put("caravan.routes.directory", directory.toString());
    values.put("caravan.access-log.path", directory.resolve(ACCESS_LOG).toString());
    values.putAll(properties);
    SmallRyeConfig config = config(values);
    settings = config.getConfigMapping(Settings.class);
    boolean scraped = Boolean.parseBoolean(properties.get(SCRAPED));
    observation =
        new Observation(
            settings,
            config.getConfigMapping(TelemetrySettings.class),
            scraped
                ? new CompositeMeterRegistry(Clock.SYSTEM, List.of(meters, prometheus))
                : meters,
            ticker,
            properties.containsKey("caravan.tracing.endpoint") ? null : spans);
    tlsVertx = values.keySet().stream().anyMatch(k -> k.startsWith(TLS)) ? Vertx.vertx() : null;
    gateway =
        new Gateway(
            settings,
            observation,
            ticker,
            new TlsSetup(config.getConfigMapping(TlsSettings.class), tlsSource(values)));
    try {
      Properties overrides = new Properties();
      overrides.putAll(values);
      camel.getPropertiesComponent().setOverrideProperties(overrides);
      // What a Quarkus test before this one set for itself.
      ((PropertiesComponent) camel.getPropertiesComponent())
          .setSystemPropertiesMode(PropertiesComponent.SYSTEM_PROPERTIES_MODE_NEVER);
      camel.getShutdownStrategy().setTimeout(2);
      gateway.discovery().kubernetes(KUBERNETES::get);
      gateway.installBrokersIn(camel);
      gateway.installIn(camel);
      beans.forEach(camel.getRegistry()::bind);
      Files.writeString(directory.resolve("pools.yaml"), routes);
      load();
      camel.start();
      gateway.routing().started();
    } catch (Exception | AssertionError e) {
      stop();
      throw e;
    }
  }

  private TlsSource tlsSource(Map<String, String> values) {
    Vertx vertx = tlsVertx;
    return vertx == null
        ? (name, again) -> null
        : new RegistrySource(
            new PemRegistry(values, vertx), vertx, name -> "its files cannot be read");
  }

  /** Starts a gateway with those pools. */
  public static TestGateway start(String routes) throws Exception {
    return start(routes, Map.of());
  }

  /**
   * Starts a gateway with those pools and settings; servers are asked nothing unless they say on.
   */
  public static TestGateway start(String routes, Map<String, String> properties) throws Exception {
    return start(routes, properties, Ticker.system());
  }

  /** The same on a clock that a test may turn. */
  public static TestGateway start(String routes, Map<String, String> properties, Ticker ticker)
      throws Exception {
    return new TestGateway(routes, properties, Map.of(), ticker);
  }

  /** The same with beans that routes may name. */
  public static TestGateway start(
      String routes, Map<String, String> properties, Map<String, Object> beans) throws Exception {
    return new TestGateway(routes, properties, beans, Ticker.system());
  }

  private static Map<String, String> packaged() throws IOException {
    Properties packaged = new Properties();
    try (InputStream in = TestGateway.class.getResourceAsStream("/application.properties")) {
      packaged.load(Objects.requireNonNull(in));
    }
    Map<String, String> values = new HashMap<>();
    for (String name : packaged.stringPropertyNames()) {
      if (name.startsWith("caravan.")) {
        values.put(name, packaged.getProperty(name));
      }
    }
    return values;
  }

  private static SmallRyeConfig config(Map<String, String> values) {
    return new SmallRyeConfigBuilder()
        .addDiscoveredConverters()
        .withMapping(Settings.class)
        .withMapping(TelemetrySettings.class)
        .withMapping(AdminSettings.class)
        .withMapping(TlsSettings.class)
        .withSources(new PropertiesConfigSource(values, "test", 1_000))
        .build();
  }

  /** The cluster where the gateways that start from now on look for servers. */
  public static void kubernetes(KubernetesClient client) {
    KUBERNETES.set(client);
  }

  private void load() throws Exception {
    assertThat(gateway.routing().load(camel)).as("errors in the route files").isEmpty();
  }

  /** The inference port. */
  public int port() {
    return port;
  }

  /** What OpenAI's clients take as their base URL. */
  public String baseUrl() {
    return "http://127.0.0.1:" + port + "/v1";
  }

  public SimpleMeterRegistry meters() {
    return meters;
  }

  /** What Prometheus would be sent, where {@link #SCRAPED} is set; in OpenMetrics' format. */
  public String scrape() {
    return prometheus.scrape(TextFormat.CONTENT_TYPE_OPENMETRICS_100);
  }

  /** Where it would be scraped; for meters that Quarkus adds. */
  public MeterRegistry prometheus() {
    return prometheus;
  }

  /** The spans that have ended, in that order, where requests are traced. */
  public List<SpanData> spans() {
    OtlpTracing tracing = Objects.requireNonNull(observation.tracing(), "caravan.tracing.enabled");
    tracing.flush();
    return spans.getFinishedSpanItems();
  }

  /** The lines of the access log so far. */
  public List<String> accessLog() throws IOException {
    return Files.readAllLines(directory.resolve(ACCESS_LOG));
  }

  /** Where its route files are; they may be changed while it runs. */
  public Path routes() {
    return directory;
  }

  /** How its route files stand. */
  public RouteStatus routeStatus() {
    return gateway.routeStatus();
  }

  /** The ids that Camel has of its routes. */
  public List<String> camelRoutes() {
    return camel.getRoutes().stream().map(Route::getRouteId).sorted().toList();
  }

  /** The endpoints that Camel has. */
  public int endpoints() {
    return camel.getEndpoints().size();
  }

  /** The servers of the fleet. */
  public List<String> fleet() {
    return gateway.fleet().all().stream().map(Backend::name).sorted().toList();
  }

  /** The pools that are open. */
  public List<String> pools() {
    return gateway.pools().names();
  }

  /** What is known of a server. */
  public Backend backend(String name) {
    return Objects.requireNonNull(gateway.fleet().find(name), name);
  }

  /** Why requests were sent where they were. */
  public Explanations explanations() {
    return gateway.explanations();
  }

  /** Where requests would be sent. */
  public DryRun dryRun() {
    return gateway.dryRun();
  }

  /** Jobs from queues that are not over. */
  public long jobs() {
    return gateway.jobs().running();
  }

  /**
   * Hands a message to a route that starts at {@code direct:}.
   *
   * @return the exchange as the route has left it, when it has
   */
  public CompletableFuture<Exchange> send(
      String endpoint, Object body, Map<String, Object> headers) {
    return camel
        .createProducerTemplate()
        .asyncSend(
            endpoint,
            exchange -> {
              exchange.getIn().setBody(body);
              exchange.getIn().setHeaders(new HashMap<>(headers));
            });
  }

  /** All requests that hold a server now. */
  public int inflight() {
    return gateway.fleet().all().stream().mapToInt(Backend::inflight).sum();
  }

  /** Client connections that are open now. */
  public int connections() {
    return gateway.ingress().connections();
  }

  /** Drains as at SIGTERM; waits for it. */
  public void drain() {
    gateway.drain();
  }

  /** Whether it would have traffic come. */
  public boolean ready() {
    return new ReadyCheck(settings, gateway).call().getStatus() == HealthCheckResponse.Status.UP;
  }

  /** Whether it is on its way out. */
  public boolean draining() {
    return gateway.ingress().draining();
  }

  /** Waits until no request holds a server. */
  public void awaitIdle() {
    await().atMost(LONG).until(this::inflight, held -> held == 0);
  }

  /**
   * Stops; fails where a lease or a client's connection is still open though its client is gone.
   */
  @Override
  public void close() {
    try {
      awaitIdle();
      await().atMost(LONG).until(this::connections, open -> open == 0);
      assertThat(gateway.fleet().all()).allMatch(backend -> backend.inflight() == 0);
      assertThat(meters.find("caravan.pool.inflight").gauges()).allMatch(g -> g.value() == 0);
      assertThat(meters.get("caravan.requests.inflight").gauge().value()).isZero();
    } finally {
      stop();
    }
  }

  private void stop() {
    camel.stop();
    gateway.stop();
    if (tlsVertx != null) {
      tlsVertx.close().toCompletionStage().toCompletableFuture().join();
    }
    try {
      try (Stream<Path> all = Files.walk(directory)) {
        for (Path each : all.sorted(Comparator.reverseOrder()).toList()) {
          Files.deleteIfExists(each);
        }
      }
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
