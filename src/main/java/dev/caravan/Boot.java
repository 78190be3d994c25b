package dev.caravan;

import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.runtime.ShutdownEvent;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Inject;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.apache.camel.CamelContext;
import org.apache.camel.quarkus.main.events.AfterConfigure;
import org.apache.camel.spi.Resource;
import org.apache.camel.support.PluginHelper;
import org.apache.camel.support.ResourceHelper;

/** Starts the gateway with Camel and stops it with Quarkus. */
@ApplicationScoped
public class Boot {
  private final Settings settings;
  private final Gateway gateway;

  @Inject
  Boot(Settings settings, MeterRegistry registry) {
    this.settings = settings;
    this.gateway = new Gateway(settings, registry);
  }

  void configure(@Observes AfterConfigure event) throws Exception {
    CamelContext camel = event.getCamelContext();
    gateway.installIn(camel);
    try (Stream<Path> files = Files.list(Path.of(settings.routes().directory()))) {
      List<Resource> resources =
          files
              .filter(f -> f.toString().endsWith(".yaml"))
              .sorted()
              .map(f -> ResourceHelper.resolveResource(camel, "file:" + f.toAbsolutePath()))
              .toList();
      PluginHelper.getRoutesLoader(camel).loadRoutes(resources);
    }
  }

  void stop(@Observes ShutdownEvent event) {
    gateway.stop();
  }
}
