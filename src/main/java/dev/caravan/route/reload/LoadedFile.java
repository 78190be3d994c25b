package dev.caravan.route.reload;

import dev.caravan.route.file.RouteEntries.Unit;
import dev.caravan.route.file.RouteFile;
import dev.caravan.route.file.RouteText;
import java.util.Collection;
import java.util.List;
import org.apache.camel.CamelContext;
import org.apache.camel.RoutesBuilder;
import org.apache.camel.builder.RouteConfigurationBuilder;
import org.apache.camel.model.RouteConfigurationDefinition;
import org.apache.camel.model.RouteDefinition;
import org.apache.camel.model.RouteTemplateDefinition;
import org.apache.camel.model.TemplatedRouteDefinition;
import org.apache.camel.support.PluginHelper;

/** What Camel has read from one route file. Of one thread. */
final class LoadedFile {
  private final RouteFile file;
  private final RouteConfigurationBuilder builder;

  private LoadedFile(RouteFile file, RouteConfigurationBuilder builder) {
    this.file = file;
    this.builder = builder;
  }

  /** Reads a file: makes its beans, if they are in the text, and nothing else yet. */
  static LoadedFile of(CamelContext camel, RouteFile file, RouteText text) throws Exception {
    Collection<RoutesBuilder> builders =
        PluginHelper.getRoutesLoader(camel).findRoutesBuilders(List.of(text));
    if (builders.size() != 1
        || !(builders.iterator().next() instanceof RouteConfigurationBuilder builder)) {
      throw new IllegalStateException(file + " is not what Camel's YAML loader makes of files");
    }
    builder.setCamelContext(camel);
    return new LoadedFile(file, builder);
  }

  RouteFile file() {
    return file;
  }

  /** For a start: hands everything but templated routes over to Camel. */
  RouteConfigurationBuilder whole() {
    return builder;
  }

  /** Its route configurations; called once. */
  List<RouteConfigurationDefinition> configurations() throws Exception {
    builder.configuration();
    return builder.getRouteConfigurationCollection().getRouteConfigurations();
  }

  /** Makes its routes, under the configurations that Camel knows then. */
  void make(CamelContext camel) throws Exception {
    builder.configureRoutes(camel);
  }

  List<RouteTemplateDefinition> templates() {
    return builder.getRouteTemplateCollection().getRouteTemplates();
  }

  RouteDefinition route(Unit unit) {
    return builder.getRouteCollection().getRoutes().get(unit.index());
  }

  TemplatedRouteDefinition templated(Unit unit) {
    return builder.getTemplatedRouteCollection().getTemplatedRoutes().get(unit.index());
  }
}
