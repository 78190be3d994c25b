package dev.caravan.route;

import java.util.ArrayList;
import java.util.List;
import org.apache.camel.EndpointAware;
import org.apache.camel.Navigate;

/** Finds the {@code model:} endpoints that a step of a route leads to. */
final class ModelEndpoints {

  private ModelEndpoints() {}

  static List<ModelEndpoint> below(Object step) {
    List<ModelEndpoint> found = new ArrayList<>();
    collect(step, found);
    return found;
  }

  private static void collect(Object step, List<ModelEndpoint> found) {
    if (step instanceof EndpointAware sender
        && sender.getEndpoint() instanceof ModelEndpoint model) {
      found.add(model);
    } else if (step instanceof Navigate<?> parent && parent.hasNext()) {
      for (Object child : parent.next()) {
        collect(child, found);
      }
    }
  }
}
