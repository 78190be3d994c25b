package dev.caravan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.caravan.fleet.Backend;
import dev.caravan.route.RouteFile;
import dev.caravan.route.RouteFileError;
import dev.caravan.route.RouteFiles;
import dev.caravan.select.DryRun;
import dev.caravan.select.Explanations;
import dev.caravan.testing.Ports;
import dev.caravan.time.Ticker;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfig;
import io.smallrye.config.SmallRyeConfigBuilder;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import org.apache.camel.component.properties.PropertiesComponent;
import org.apache.camel.impl.DefaultCamelContext;
import org.apache.camel.support.PluginHelper;
import org.apache.camel.support.ResourceHelper;

/**
 * The real gateway in this process, on a port of its own, without Quarkus: the packaged settings
 * and routes, and the pools that a test writes. Closing it checks that nothing was left behind.
 */
public final class TestGateway implements AutoCloseable {
  private static final String ACCESS_LOG = "access.log";
  private static final Duration LONG = Duration.ofSeconds(20);

  private final DefaultCamelContext camel = new DefaultCamelContext();
  private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
  private final Path directory;
  private final Gateway gateway;
  private final int port = Ports.free();

  private TestGateway(String routes, Map<String, String> properties, Ticker ticker)
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
    values.put("caravan.access-log.path", directory.resolve(ACCESS_LOG).toString());
    values.putAll(properties);
    gateway = new Gateway(settings(values), meters, ticker);
    try {
      Properties overrides = new Properties();
      overrides.putAll(values);
      camel.getPropertiesComponent().setOverrideProperties(overrides);
      // What a Quarkus test before this one set for itself.
      ((PropertiesComponent) camel.getPropertiesComponent())
          .setSystemPropertiesMode(PropertiesComponent.SYSTEM_PROPERTIES_MODE_NEVER);
      camel.getShutdownStrategy().setTimeout(2);
      gateway.installIn(camel);
      Files.writeString(directory.resolve("pools.yaml"), routes);
      load();
      camel.start();
      gateway.startProbes(camel);
    } catch (Exception | AssertionError e) {
      stop();
      throw e;
    }
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
    return new TestGateway(routes, properties, ticker);
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

  private static Settings settings(Map<String, String> values) {
    SmallRyeConfig config =
        new SmallRyeConfigBuilder()
            .addDiscoveredConverters()
            .withMapping(Settings.class)
            .withSources(new PropertiesConfigSource(values, "test", 1_000))
            .build();
    return config.getConfigMapping(Settings.class);
  }

  private void load() throws Exception {
    List<RouteFile> files = RouteFiles.find(directory);
    List<RouteFileError> errors = gateway.validator(camel).validate(files);
    assertThat(errors).as("errors in the route files").isEmpty();
    PluginHelper.getRoutesLoader(camel)
        .loadRoutes(
            files.stream()
                .map(file -> ResourceHelper.resolveResource(camel, file.location()))
                .toList());
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

  /** The lines of the access log so far. */
  public List<String> accessLog() throws IOException {
    return Files.readAllLines(directory.resolve(ACCESS_LOG));
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
    try {
      Files.deleteIfExists(directory.resolve("pools.yaml"));
      Files.deleteIfExists(directory.resolve(ACCESS_LOG));
      Files.deleteIfExists(directory);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
