package dev.caravan;

import dev.caravan.route.file.RouteFileError;
import dev.caravan.simulator.DemoFleet;
import io.quarkus.runtime.ShutdownDelayInitiatedEvent;
import io.quarkus.runtime.StartupEvent;
import io.quarkus.runtime.configuration.ConfigurationException;
import io.quarkus.tls.CertificateUpdatedEvent;
import io.quarkus.vertx.http.HttpServerStart;
import io.vertx.core.Vertx;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.event.ObservesAsync;
import jakarta.inject.Inject;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.apache.camel.CamelContext;
import org.apache.camel.quarkus.main.events.AfterConfigure;
import org.apache.camel.quarkus.main.events.AfterStop;
import org.apache.camel.quarkus.main.events.BeforeConfigure;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/** Starts the gateway with Camel, says that it is ready, and stops it with Quarkus. */
@ApplicationScoped
public class Boot {
  private static final Logger LOG = Logger.getLogger("dev.caravan");

  /** How long probes may hold up the stop of the routes. */
  private static final long PROBES_MILLIS = 100;

  private final Settings settings;
  private final Gateway gateway;
  private final Vertx vertx;
  private final int managementPort;
  private @Nullable DemoFleet demo;
  private @Nullable CamelContext camel;

  @Inject
  Boot(
      Settings settings,
      Gateway gateway,
      Vertx vertx,
      @ConfigProperty(name = "quarkus.http.port") int managementPort) {
    this.settings = settings;
    this.gateway = gateway;
    this.vertx = vertx;
    this.managementPort = managementPort;
  }

  void prepare(@Observes BeforeConfigure event) {
    gateway.installBrokersIn(event.getCamelContext());
  }

  void configure(@Observes AfterConfigure event) throws Exception {
    CamelContext context = event.getCamelContext();
    camel = context;
    gateway.installIn(context);
    if (settings.demo().enabled()) {
      startDemo(context);
    }
    loadRoutes(context);
  }

  private void startDemo(CamelContext context) {
    DemoFleet fleet =
        DemoFleet.create(vertx, 0, List.of(Welcome.DEMO_MODEL), settings.demo().speedup(), 1)
            .startAndWait();
    demo = fleet;
    fleet
        .uris()
        .forEach(
            (name, uri) ->
                context
                    .getPropertiesComponent()
                    .addOverrideProperty("caravan.demo." + name + ".url", uri.toString()));
  }

  private void loadRoutes(CamelContext context) throws Exception {
    List<RouteFileError> errors;
    try {
      errors = gateway.routing().load(context);
    } catch (IOException e) {
      throw new ConfigurationException("Route files: " + e.getMessage());
    }
    if (!errors.isEmpty()) {
      throw new ConfigurationException(
          errors.stream()
              .map(RouteFileError::toString)
              .collect(Collectors.joining("\n", "The route files have errors:\n", "")));
    }
  }

  /** When the routes have started. */
  void probe(@Observes StartupEvent event) throws Exception {
    if (camel != null) {
      gateway.routing().started();
    }
  }

  /** When somebody else has the TLS registry read its files again. */
  void renewed(@Observes CertificateUpdatedEvent event) {
    gateway.tls().entries().refresh();
  }

  /** When the management port, the last of the two, is open. */
  void ready(@ObservesAsync HttpServerStart event) {
    LOG.info(
        Welcome.text(
            settings, gateway.tls().port() != null, gateway.pools().names(), managementPort));
  }

  /**
   * When the process is told to stop. Quarkus waits for this before it stops anything, where {@code
   * quarkus.shutdown.delay-enabled} is set; at its {@code ShutdownEvent} the management port would
   * be closed already.
   */
  void drain(@Observes ShutdownDelayInitiatedEvent event) {
    CamelContext context = camel;
    if (context != null) {
      gateway.drain();
      Queues.stopRoutes(context);
      // Whatever Camel still counts as running is a probe, and nobody waits for its answer.
      context.getShutdownStrategy().setTimeUnit(TimeUnit.MILLISECONDS);
      context.getShutdownStrategy().setTimeout(PROBES_MILLIS);
    }
  }

  /** When the routes have stopped: the event loops carry them to their end. */
  void stop(@Observes AfterStop event) {
    gateway.stop();
    DemoFleet fleet = demo;
    if (fleet != null) {
      fleet.close();
    }
  }
}
