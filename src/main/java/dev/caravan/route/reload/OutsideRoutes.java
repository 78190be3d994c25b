package dev.caravan.route.reload;

import dev.caravan.route.file.RouteFileError;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.camel.CamelContext;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/** Replaces routes that take messages from elsewhere: one stops, then the other starts. */
final class OutsideRoutes {
  private static final Logger LOG = Logger.getLogger("dev.caravan");

  private OutsideRoutes() {}

  /**
   * Stops those that were replaced, and starts those that wait for it. Where one does not start,
   * the one that it was to replace goes on.
   *
   * @param errors where it goes what did not start
   * @return what runs now
   */
  static List<RunningRoute> turnOver(
      CamelContext camel, Swap.Made made, List<RouteFileError> errors, long stopSeconds) {
    List<RunningRoute> stopped = new ArrayList<>();
    for (RunningRoute old : made.replaced()) {
      if (old.outside()) {
        try {
          camel.getRouteController().stopRoute(old.camelId(), stopSeconds, TimeUnit.SECONDS);
        } catch (Exception e) {
          LOG.warnf("Route %s, which is replaced, did not stop in order: %s", old.id(), e);
        }
        stopped.add(old);
      }
    }
    List<RunningRoute> running = new ArrayList<>();
    for (RunningRoute route : made.running()) {
      RunningRoute runs = route;
      if (made.startLater().contains(route.camelId())) {
        try {
          camel.getRouteController().startRoute(route.camelId());
        } catch (Exception e) {
          errors.add(
              new RouteFileError(
                  route.unit().file(),
                  route.unit().line(),
                  "route " + route.id(),
                  "it did not start: " + Reloadable.reason(e)));
          runs = restored(camel, route, stopped);
        }
      }
      if (runs != null) {
        running.add(runs);
      }
    }
    stopped.forEach(old -> remove(camel, old));
    return List.copyOf(running);
  }

  /** The one that a route was to replace, started again; null where there is none. */
  private static @Nullable RunningRoute restored(
      CamelContext camel, RunningRoute failed, List<RunningRoute> stopped) {
    remove(camel, failed);
    for (RunningRoute old : stopped) {
      if (old.replacedBy(failed)) {
        stopped.remove(old);
        try {
          camel.getRouteController().startRoute(old.camelId());
        } catch (Exception e) {
          LOG.errorf(e, "Route %s did not start again", old.id());
        }
        return old;
      }
    }
    return null;
  }

  private static void remove(CamelContext camel, RunningRoute route) {
    try {
      NewRoutes.remove(camel, route.camelId(), 1);
    } catch (Exception e) {
      LOG.warnf("Route %s was not removed: %s", route.id(), e);
    }
  }
}
