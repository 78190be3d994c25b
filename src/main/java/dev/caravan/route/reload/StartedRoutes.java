package dev.caravan.route.reload;

import dev.caravan.route.file.RouteEntries.Unit;
import org.apache.camel.model.Model;
import org.apache.camel.model.RouteDefinition;
import org.apache.camel.model.TemplatedRouteDefinition;

/** Finds what Camel has made of the entries of files at its start. */
final class StartedRoutes {
  private StartedRoutes() {}

  /** The definition of a route, made of its template where it has one. */
  static RouteDefinition definition(Model model, LoadedFile file, Unit unit) throws Exception {
    if (!unit.templated()) {
      return file.route(unit);
    }
    TemplatedRouteDefinition templated = file.templated(unit);
    if (templated.getRouteId() == null) {
      String id = templated.getRouteTemplateRef() + "-route";
      for (int more = 2; model.getRouteDefinition(id) != null; more++) {
        id = templated.getRouteTemplateRef() + "-route" + more;
      }
      templated.setRouteId(id);
    }
    model.addRouteFromTemplatedRoute(templated);
    return model.getRouteDefinition(templated.getRouteId());
  }
}
