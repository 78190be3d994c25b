package dev.caravan.route.reload;

import dev.caravan.ingress.EndpointsBelow;
import dev.caravan.route.ModelEndpoint;
import dev.caravan.route.file.RouteEntries.Unit;
import dev.caravan.route.server.Servers;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.apache.camel.CamelContext;
import org.apache.camel.Endpoint;
import org.apache.camel.Route;
import org.apache.camel.model.ProcessorDefinitionHelper;
import org.apache.camel.model.RouteDefinition;
import org.apache.camel.model.ToDefinition;

/**
 * A route of a file, as Camel has it.
 *
 * @param outside whether it takes messages from elsewhere, so that two of it must not run at once
 */
record RunningRoute(Unit unit, RouteDefinition definition, boolean outside) {
  /** Stands between the id that a route was given and the number of the change that made it. */
  static final char GENERATION = '~';

  /** Where routes start that another may stand beside. */
  private static final Set<String> INSIDE = Set.of("pool", "direct", "jobs", "netty-http");

  /** Whether a route that starts there takes messages from elsewhere. */
  static boolean outside(String uri) {
    int colon = uri.indexOf(':');
    return colon < 0 || !INSIDE.contains(uri.substring(0, colon));
  }

  /** Its id in Camel. */
  String camelId() {
    return definition.getRouteId();
  }

  /** Its id as it is written. */
  String id() {
    String written = unit.id();
    String id = written != null ? written : String.valueOf(camelId());
    int generation = id.indexOf(GENERATION);
    return generation < 0 || written != null ? id : id.substring(0, generation);
  }

  /** Whether another is meant to take its place: by its id, else by where it stands. */
  boolean replacedBy(RunningRoute other) {
    if (unit.id() != null || other.unit.id() != null) {
      return id().equals(other.id());
    }
    return unit.file().equals(other.unit.file()) && unit.index() == other.unit.index();
  }

  /** The servers that it leads to, in the order of its steps. */
  List<Servers.Mention> mentions(CamelContext camel) {
    List<Servers.Mention> mentions = new ArrayList<>();
    Route route = camel.getRoute(camelId());
    if (route != null) {
      EndpointsBelow.of(route.navigate(), ModelEndpoint.class)
          .forEach(each -> mentions.add(each.mention()));
    }
    if (!unit.templated()) {
      // Steps that do not show where they lead are in the definition.
      for (ToDefinition to :
          ProcessorDefinitionHelper.filterTypeInOutputs(
              definition.getOutputs(), ToDefinition.class)) {
        Endpoint known = camel.hasEndpoint(camel.resolvePropertyPlaceholders(to.getEndpointUri()));
        if (known instanceof ModelEndpoint model && !mentions.contains(model.mention())) {
          mentions.add(model.mention());
        }
      }
    }
    return mentions;
  }
}
