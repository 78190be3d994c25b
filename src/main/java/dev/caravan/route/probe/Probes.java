package dev.caravan.route.probe;

import dev.caravan.health.HealthSignals;
import dev.caravan.route.parameter.ModelParameters;
import dev.caravan.route.parameter.ModelParameters.ProbeKind;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.camel.CamelContext;
import org.apache.camel.model.Model;
import org.apache.camel.model.RouteDefinition;
import org.apache.camel.model.RouteTemplateDefinition;
import org.apache.camel.model.errorhandler.NoErrorHandlerDefinition;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps one probe route a server, made from the route template {@value #TEMPLATE} that {@code
 * routes/probe.yaml} holds and a user may change. Safe for any thread; blocks while routes start or
 * stop, so never on an event loop, and not while Camel builds a route.
 */
public final class Probes {
  /** The id of the route template. */
  public static final String TEMPLATE = "probe";

  private static final Logger LOG = LoggerFactory.getLogger(Probes.class);

  private final HealthSignals health;
  private final Map<String, Made> made = new HashMap<>();
  private boolean missingSaid;

  public Probes(HealthSignals health) {
    this.health = health;
  }

  /** What a probe route was made of: it is made again when one of these is another. */
  private record Made(RouteTemplateDefinition template, ProbeKind kind, String model) {}

  /** The id of the route that probes a server. */
  public static String routeId(String server) {
    return "probe-" + server;
  }

  /**
   * Makes, renews or removes the probe route of a server, as its endpoint, the template and {@code
   * caravan.probe.enabled} want it. Changes nothing where it is as it should be.
   *
   * @param model the name of the model to ask for: the server's own, or else the pool's
   */
  public synchronized void ensure(CamelContext context, ModelParameters server, String model)
      throws Exception {
    String name = server.spec().name();
    RouteTemplateDefinition template = wanted(context, server) ? template(context) : null;
    if (template == null) {
      drop(context, name);
      return;
    }
    Made wanted = new Made(template, server.probe(), model);
    String id = routeId(name);
    if (wanted.equals(made.get(name)) && context.getRoute(id) != null) {
      return;
    }
    removeRoute(context, id);
    made.put(name, wanted);
    context.addRouteFromTemplate(
        id, TEMPLATE, Map.of("backend", name, "api", server.probe().word(), "model", model));
  }

  /** Ends the probes of a server, and with them an ejection that they caused. */
  public synchronized void drop(CamelContext context, String server) throws Exception {
    if (made.remove(server) != null) {
      removeRoute(context, routeId(server));
      health.notProbed(server);
    }
  }

  private static boolean wanted(CamelContext context, ModelParameters server) {
    return server.probe() != ProbeKind.OFF
        && Boolean.parseBoolean(
            context.resolvePropertyPlaceholders("{{caravan.probe.enabled:true}}"));
  }

  /**
   * The template that was loaded last. Camel appends a reloaded template to its list and then uses
   * the first of that id, which is the old one: those are removed here.
   */
  private @Nullable RouteTemplateDefinition template(CamelContext context) throws Exception {
    Model model = model(context);
    List<RouteTemplateDefinition> found = new ArrayList<>();
    for (RouteTemplateDefinition template : model.getRouteTemplateDefinitions()) {
      if (TEMPLATE.equals(template.getId())) {
        found.add(template);
      }
    }
    if (found.isEmpty()) {
      if (!missingSaid) {
        LOG.warn("no server is probed: no route template \"{}\" is loaded", TEMPLATE);
      }
      missingSaid = true;
      return null;
    }
    missingSaid = false;
    RouteTemplateDefinition latest = found.remove(found.size() - 1);
    for (RouteTemplateDefinition old : found) {
      model.removeRouteTemplateDefinition(old);
    }
    if (latest.getRoute() != null && !latest.getRoute().isErrorHandlerFactorySet()) {
      // Camel's default handler logs every failed probe as an error with its history; the ledger
      // logs what becomes of it, once.
      latest.getRoute().setErrorHandlerFactory(new NoErrorHandlerDefinition());
    }
    return latest;
  }

  private static void removeRoute(CamelContext context, String id) throws Exception {
    if (context.getRoute(id) != null) {
      // Forced after a second: a probe that is out must not hold up a reload.
      context.getRouteController().stopRoute(id, 1, TimeUnit.SECONDS);
      context.removeRoute(id);
    }
    RouteDefinition left = model(context).getRouteDefinition(id);
    if (left != null) {
      model(context).removeRouteDefinition(left);
    }
  }

  private static Model model(CamelContext context) {
    return context.getCamelContextExtension().getContextPlugin(Model.class);
  }
}
