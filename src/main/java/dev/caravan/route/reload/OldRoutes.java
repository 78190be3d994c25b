package dev.caravan.route.reload;

import dev.caravan.route.ServerBalancer;
import dev.caravan.time.Ticker;
import io.netty.channel.EventLoopGroup;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.Future;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.apache.camel.CamelContext;
import org.apache.camel.Route;
import org.jboss.logging.Logger;

/**
 * Routes that others have replaced, until the last of what they had is over. Of one thread, which
 * may wait.
 */
final class OldRoutes {
  private static final Logger LOG = Logger.getLogger(OldRoutes.class);

  /**
   * Whoever read the tables before the change may be about to enter an old route. On an event loop
   * that is over when the loop has run another task; a thread of somebody else's gets this long.
   */
  private static final long GRACE_NANOS = TimeUnit.SECONDS.toNanos(1);

  private static final long STOP_SECONDS = 5;

  private final CamelContext camel;
  private final EventLoopGroup loops;
  private final Ticker ticker;
  private final List<Old> all = new ArrayList<>();

  /** One of them. */
  private static final class Old {
    final RunningRoute route;
    final Set<String> servers = new HashSet<>();
    final List<ServerBalancer> balancers = new ArrayList<>();
    final List<Future<?>> turns = new ArrayList<>();
    final long sinceNanos;
    boolean wasIdle;

    Old(RunningRoute route, long nowNanos) {
      this.route = route;
      this.sinceNanos = nowNanos;
    }
  }

  OldRoutes(CamelContext camel, EventLoopGroup loops, Ticker ticker) {
    this.camel = camel;
    this.loops = loops;
    this.ticker = ticker;
  }

  /** They get nothing new from now on. */
  void add(List<RunningRoute> routes) {
    for (RunningRoute route : routes) {
      Old old = new Old(route, ticker.nanos());
      route.mentions(camel).forEach(mention -> old.servers.add(mention.name()));
      Route made = camel.getRoute(route.camelId());
      if (made != null) {
        old.balancers.addAll(ServerBalancer.of(made));
      }
      for (EventExecutor loop : loops) {
        old.turns.add(loop.submit(() -> {}));
      }
      all.add(old);
    }
  }

  /** Whether one of them leads to a server. */
  boolean lead(String server) {
    return all.stream().anyMatch(old -> old.servers.contains(server));
  }

  boolean isEmpty() {
    return all.isEmpty();
  }

  /** Stops and removes those that nothing is left in. */
  void sweep() {
    for (Iterator<Old> each = all.iterator(); each.hasNext(); ) {
      Old old = each.next();
      boolean idle = idle(old);
      // Twice in a row: a count that is read while it changes may be off by one.
      if (idle && old.wasIdle) {
        each.remove();
        try {
          NewRoutes.remove(camel, old.route.camelId(), STOP_SECONDS);
        } catch (Exception e) {
          LOG.warnf("Route %s, which is replaced, did not stop: %s", old.route.id(), e);
        }
      }
      old.wasIdle = idle;
    }
  }

  private boolean idle(Old old) {
    return ticker.nanos() - old.sinceNanos >= GRACE_NANOS
        && old.turns.stream().allMatch(Future::isDone)
        && camel.getInflightRepository().size(old.route.camelId()) == 0
        && old.balancers.stream().allMatch(balancer -> balancer.mayComeBack() == 0);
  }
}
