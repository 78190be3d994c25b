package dev.caravan.route.server;

import dev.caravan.health.Breakers;
import dev.caravan.route.parameter.ModelParameters;
import dev.caravan.time.Scheduler;
import java.util.HashSet;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets servers that were found join the fleet and leave it. Belongs to one thread, which may wait;
 * only {@link #tell(ServerGroups.Listener)} is for any.
 */
final class FoundServers {
  private static final Logger LOG = LoggerFactory.getLogger(FoundServers.class);

  /** From one look at those that leave to the next. */
  private static final long SWEEP_MILLIS = 1_000;

  private final Servers servers;
  private final Breakers breakers;
  private final Executor entering;
  private final Executor telling;
  private final Scheduler scheduler;
  private volatile ServerGroups.@Nullable Listener listener;
  private boolean sweeping;

  /**
   * Nobody yet.
   *
   * @param entering the thread that it belongs to
   * @param telling another one, in order, which waits for routes
   */
  FoundServers(
      Servers servers,
      Breakers breakers,
      Executor entering,
      Executor telling,
      Scheduler scheduler) {
    this.servers = servers;
    this.breakers = breakers;
    this.entering = entering;
    this.telling = telling;
    this.scheduler = scheduler;
  }

  /** Tells somebody from now on. */
  void tell(ServerGroups.Listener whom) {
    listener = whom;
  }

  /**
   * A server was found, or is another one under its name.
   *
   * @return how it stands in the fleet; null where a route names another server so
   */
  Servers.@Nullable Server join(ServerGroup group, ModelParameters found) {
    String name = found.spec().name();
    Servers.Server now = enter(found);
    if (now == null) {
      LOG.error("{}: {} was found, but a route names another server so", group, name);
      return null;
    }
    String pool = group.servedAs();
    if (pool != null) {
      now.target().servedAs(pool);
    }
    breakers.member(name, group.name());
    tell(to -> to.joined(found));
    return now;
  }

  private Servers.@Nullable Server enter(ModelParameters found) {
    String name = found.spec().name();
    synchronized (servers) { // whose own lock it is: nobody is to sweep it away meanwhile
      Servers.Server known = servers.find(name);
      if (known != null && !Objects.equals(known.parameters().group(), found.group())) {
        return null;
      }
      Servers.Server now = known;
      if (now == null || !now.parameters().equals(found)) {
        now = servers.put(found, known);
        if (known != null && !known.parameters().spec().url().equals(found.spec().url())) {
          now.backend().cacheLost(); // another pod of the same name
        }
      }
      servers.leaves(name, false);
      return now;
    }
  }

  /** A server is there no more: it gets nothing new, and goes when it holds no request. */
  void leave(String name) {
    servers.leaves(name, true);
    tell(to -> to.left(name));
    sweepLater();
  }

  /** News for the listener. */
  private interface News {
    void tell(ServerGroups.Listener whom) throws Exception;
  }

  private void tell(News news) {
    telling.execute(
        () -> {
          ServerGroups.Listener whom = listener;
          try {
            if (whom != null) {
              news.tell(whom);
            }
          } catch (Exception e) { // what Camel throws where a route cannot be made
            LOG.error("a server that was found or lost is not probed as it should be", e);
          }
        });
  }

  /** Looks every second for those that have ended their requests, as long as there are any. */
  private void sweepLater() {
    if (!sweeping) {
      sweeping = true;
      scheduler.schedule(() -> entering.execute(this::sweep), SWEEP_MILLIS);
    }
  }

  private void sweep() {
    sweeping = false;
    for (String gone : servers.sweep(name -> false, leaving())) {
      tell(to -> to.gone(gone));
    }
    if (!leaving().isEmpty()) {
      sweepLater();
    }
  }

  private Set<String> leaving() {
    return among(servers.leaving(), servers);
  }

  /** Those of some names that are of servers which were found. */
  static Set<String> among(Set<String> names, Servers servers) {
    Set<String> found = new HashSet<>(names);
    found.removeIf(
        name -> {
          Servers.Server server = servers.find(name);
          return server == null || server.parameters().group() == null;
        });
    return found;
  }

  /** Whether a server was found for one of those endpoints. */
  static boolean of(Servers.@Nullable Server server, Set<String> endpoints) {
    String group = server == null ? null : server.parameters().group();
    return group != null && endpoints.contains(group);
  }
}
