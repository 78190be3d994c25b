package dev.caravan.route;

import dev.caravan.health.BreakerSettings;
import dev.caravan.health.Breakers;
import dev.caravan.route.parameter.BreakerOptions;
import dev.caravan.route.parameter.ModelParameters;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.camel.Processor;
import org.apache.camel.Route;
import org.apache.camel.model.CircuitBreakerDefinition;
import org.apache.camel.model.Model;
import org.apache.camel.model.ProcessorDefinition;
import org.apache.camel.model.ProcessorDefinitionHelper;
import org.apache.camel.model.Resilience4jConfigurationCommon;
import org.apache.camel.model.Resilience4jConfigurationDefinition;
import org.apache.camel.model.ToDefinition;
import org.apache.camel.reifier.ProcessorReifier;
import org.apache.camel.support.CamelContextHelper;
import org.jspecify.annotations.Nullable;

/**
 * Reads one {@code circuitBreaker} step of a route: which server it guards, with what settings.
 * Fails at start, naming the route, where it does not make sense.
 */
final class BreakerReifier extends ProcessorReifier<CircuitBreakerDefinition> {

  BreakerReifier(Route route, CircuitBreakerDefinition definition) {
    super(route, definition);
  }

  @Override
  public Processor createProcessor() throws Exception {
    String server = server();
    BreakerSettings settings = settings(server);
    Breakers breakers = CamelContextHelper.findSingleByType(camelContext, Breakers.class);
    if (breakers == null) {
      throw wrong("there is no single bean of type " + Breakers.class.getName());
    }
    Processor child = createChildProcessor(true);
    Processor fallback = null;
    if (definition.getOnFallback() != null && !definition.getOnFallback().getOutputs().isEmpty()) {
      fallback = createOutputsProcessor(definition.getOnFallback().getOutputs());
    }
    return new BreakerProcessor(
        breakers, server, settings, child, fallback, isDisabled(camelContext, definition));
  }

  /** The name of the one model server that its steps lead to. */
  private String server() {
    Set<String> servers = models(definition.getOutputs());
    if (servers.size() != 1) {
      throw wrong(
          "its steps must lead to exactly one model: endpoint, such as to: {uri: model:gpu-a}, but"
              + " lead to "
              + (servers.isEmpty() ? "none" : String.join(" and ", servers)));
    }
    if (definition.getOnFallback() != null
        && !models(definition.getOnFallback().getOutputs()).isEmpty()) {
      throw wrong(
          "its onFallback must not lead to a model: endpoint, the balancer tries the next one"
              + " itself");
    }
    return servers.iterator().next().substring("model:".length());
  }

  private Set<String> models(List<ProcessorDefinition<?>> outputs) {
    Set<String> servers = new LinkedHashSet<>();
    for (ToDefinition to :
        ProcessorDefinitionHelper.filterTypeInOutputs(outputs, ToDefinition.class)) {
      String uri = to.getEndpoint() == null ? parseString(to.getUri()) : to.getEndpointUri();
      String name = ModelParameters.nameOf(uri);
      if (name != null) {
        servers.add("model:" + name);
      }
    }
    return servers;
  }

  private BreakerSettings settings(String server) {
    if (definition.getFaultToleranceConfiguration() != null) {
      throw wrong("faultToleranceConfiguration is not for it, expected resilience4jConfiguration");
    }
    Map<String, String> options = new LinkedHashMap<>();
    Model model = camelContext.getCamelContextExtension().getContextPlugin(Model.class);
    add(options, model.getResilience4jConfiguration(null));
    if (definition.getConfiguration() != null) {
      String ref = parseString(definition.getConfiguration());
      Resilience4jConfigurationCommon named = model.getResilience4jConfiguration(ref);
      add(
          options,
          named != null ? named : mandatoryLookup(ref, Resilience4jConfigurationDefinition.class));
    }
    add(options, definition.getResilience4jConfiguration());
    List<String> problems = new ArrayList<>();
    BreakerSettings settings = BreakerOptions.read(options, problems);
    if (!problems.isEmpty()) {
      throw wrong("(" + server + ") " + String.join("; ", problems));
    }
    return settings;
  }

  private void add(
      Map<String, String> options, @Nullable Resilience4jConfigurationCommon configuration) {
    if (configuration != null) {
      BreakerOptions.of(configuration)
          .forEach((name, text) -> options.put(name, parseString(text)));
    }
  }

  private IllegalArgumentException wrong(String what) {
    return new IllegalArgumentException(
        "route " + route.getRouteId() + ": circuitBreaker: " + what);
  }
}
