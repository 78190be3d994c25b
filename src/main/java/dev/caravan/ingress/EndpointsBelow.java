package dev.caravan.ingress;

import java.util.ArrayList;
import java.util.List;
import org.apache.camel.EndpointAware;
import org.apache.camel.Navigate;

/** Finds the endpoints that a step of a route leads to. */
public final class EndpointsBelow {

  private EndpointsBelow() {}

  /**
   * Those of one kind, however deep, in the order of the route.
   *
   * @param step a step, or what a consumer's {@code getRoute().navigate()} says
   */
  public static <T> List<T> of(Object step, Class<T> kind) {
    List<T> found = new ArrayList<>();
    collect(step, kind, found);
    return found;
  }

  private static <T> void collect(Object step, Class<T> kind, List<T> found) {
    if (step instanceof EndpointAware sender && kind.isInstance(sender.getEndpoint())) {
      found.add(kind.cast(sender.getEndpoint()));
    } else if (step instanceof Navigate<?> parent && parent.hasNext()) {
      for (Object child : parent.next()) {
        collect(child, kind, found);
      }
    }
  }
}
