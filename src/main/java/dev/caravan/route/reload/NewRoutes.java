package dev.caravan.route.reload;

import dev.caravan.route.file.RouteEntries.Unit;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.apache.camel.CamelContext;
import org.apache.camel.model.Model;
import org.apache.camel.model.RouteDefinition;
import org.apache.camel.model.RouteTemplateDefinition;
import org.apache.camel.model.TemplatedRouteDefinition;
import org.apache.camel.spi.NodeIdFactory;
import org.jspecify.annotations.Nullable;

/** The routes that one change makes, beside those that they replace. Of one thread. */
final class NewRoutes {
  private final CamelContext camel;
  private final Model model;
  private final long number;
  private final Map<Unit, RunningRoute> made = new LinkedHashMap<>();
  private final List<RouteDefinition> plain = new ArrayList<>();
  private final Map<Unit, TemplatedRouteDefinition> templated = new LinkedHashMap<>();
  private final Set<String> ids = new LinkedHashSet<>();
  private final Set<String> startLater = new HashSet<>();
  private @Nullable Unit making;

  /**
   * None yet.
   *
   * @param number of the change
   */
  NewRoutes(CamelContext camel, long number) {
    this.camel = camel;
    this.model = SharedDefinitions.model(camel);
    this.number = number;
  }

  /** The ids in Camel of all that were begun. */
  Set<String> ids() {
    return ids;
  }

  /** The ids of those that are to start when what they replace has stopped. */
  Set<String> startLater() {
    return Set.copyOf(startLater);
  }

  /** The route of an entry; null where it was not made. */
  @Nullable RunningRoute of(Unit unit) {
    return made.get(unit);
  }

  /** The templated route that is being made; null where none is. */
  @Nullable Unit making() {
    return making;
  }

  /** The entry of a route that has that id in Camel; null where none has. */
  @Nullable Unit unit(String camelId) {
    for (RunningRoute route : made.values()) {
      if (camelId.equals(route.camelId())) {
        return route.unit();
      }
    }
    return null;
  }

  /** Takes the routes of a file that are among those. */
  void add(LoadedFile file, List<Unit> units) {
    for (Unit unit : units) {
      if (!unit.file().equals(file.file().name())) {
        continue;
      }
      if (unit.templated()) {
        templated.put(unit, file.templated(unit));
        continue;
      }
      RouteDefinition route = file.route(unit);
      boolean outside = RunningRoute.outside(resolved(route.getInput().getEndpointUri()));
      route.setId(free(unit.id() != null ? unit.id() : route.idOrCreate(ids(camel))));
      // Two of one route cannot both have its place in the order of a start.
      route.setStartupOrder(null);
      if (outside && autoStarts(route.getAutoStartup())) {
        startLater.add(route.getId());
        route.setAutoStartup("false");
      }
      made.put(unit, new RunningRoute(unit, route, outside));
      plain.add(route);
    }
  }

  /** Makes and starts them; those from outside are made alone. */
  void start() throws Exception {
    model.addRouteDefinitions(plain);
    for (Map.Entry<Unit, TemplatedRouteDefinition> each : templated.entrySet()) {
      making = each.getKey();
      start(each.getKey(), each.getValue());
    }
    making = null;
  }

  private void start(Unit unit, TemplatedRouteDefinition route) throws Exception {
    RouteTemplateDefinition template =
        model.getRouteTemplateDefinition(route.getRouteTemplateRef());
    String from = template == null ? "direct:" : template.getRoute().getInput().getEndpointUri();
    boolean outside = RunningRoute.outside(from);
    String id = free(unit.id() != null ? unit.id() : route.getRouteTemplateRef() + "-route");
    route.setRouteId(id);
    if (id.indexOf(RunningRoute.GENERATION) >= 0) {
      String prefix = route.getPrefixId() == null ? "" : route.getPrefixId();
      route.setPrefixId(prefix + "change" + number + "-");
    }
    String auto = template == null ? null : template.getRoute().getAutoStartup();
    try {
      if (template != null && outside && autoStarts(auto)) {
        startLater.add(id);
        template.getRoute().setAutoStartup("false");
      }
      model.addRouteFromTemplatedRoute(route);
    } finally {
      if (template != null) {
        template.getRoute().setAutoStartup(auto);
      }
    }
    made.put(unit, new RunningRoute(unit, model.getRouteDefinition(id), outside));
  }

  private static NodeIdFactory ids(CamelContext camel) {
    return camel.getCamelContextExtension().getContextPlugin(NodeIdFactory.class);
  }

  /** An id that no route has: the one that is written, where what it replaces does not have it. */
  private String free(String id) {
    String free = id;
    int more = 0;
    while (camel.getRoute(free) != null
        || model.getRouteDefinition(free) != null
        || ids.contains(free)) {
      free = id + RunningRoute.GENERATION + number + (more == 0 ? "" : "." + more);
      more++;
    }
    ids.add(free);
    return free;
  }

  private String resolved(String uri) {
    return camel.resolvePropertyPlaceholders(uri);
  }

  private boolean autoStarts(@Nullable String said) {
    return said == null || !"false".equalsIgnoreCase(resolved(said));
  }

  /** Stops a route and removes all that Camel has of it. */
  static void remove(CamelContext camel, String id, long seconds) throws Exception {
    if (camel.getRoute(id) != null) {
      camel.getRouteController().stopRoute(id, seconds, TimeUnit.SECONDS);
      camel.removeRoute(id);
    }
    Model model = SharedDefinitions.model(camel);
    RouteDefinition left = model.getRouteDefinition(id);
    if (left != null) {
      model.removeRouteDefinition(left);
    }
  }
}
