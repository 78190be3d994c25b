package dev.caravan.health;

import dev.caravan.fleet.Backend;
import dev.caravan.fleet.Gate;
import dev.caravan.time.Ticker;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The breakers of the fleet: one a server, by the server's name, shared by every route that guards
 * the server and by its probes. A server that no route guards has none. Safe for any thread.
 *
 * <p>A breaker and its server may be made known in either order; when both are, the breaker is the
 * server's {@link Backend#gate()}, so that the choice of a server passes over those that would
 * refuse.
 */
public final class Breakers {
  private final Ticker ticker;
  private final HealthListener listener;
  private final ConcurrentHashMap<String, Breaker> breakers = new ConcurrentHashMap<>();
  private final Map<String, Backend> backends = new HashMap<>(); // guarded by this

  /** Servers that were found, and the endpoint that stands for each. Guarded by this. */
  private final Map<String, String> members = new HashMap<>();

  /** What the routes that are being made say; null while none are. Guarded by this. */
  private @Nullable Map<String, Staged> staged;

  /** How many steps of routes guard each server. Guarded by this. */
  private final Map<String, Integer> guards = new HashMap<>();

  private record Staged(Breaker breaker, BreakerSettings settings) {}

  public Breakers(Ticker ticker, HealthListener listener) {
    this.ticker = ticker;
    this.listener = listener;
  }

  /** A server has joined the fleet. */
  public synchronized void join(Backend backend) {
    backends.put(backend.name(), backend);
    Breaker breaker = breakers.get(backend.name());
    if (breaker != null) {
      backend.gate(breaker);
    }
  }

  /**
   * A route guards a server.
   *
   * @param settings where they differ from those in force, they replace them: the latest route
   *     wins, which after a reload is the one that was edited
   * @return the server's one breaker, which stays the same object for the server's life
   */
  public synchronized Breaker guard(String server, BreakerSettings settings) {
    guards.merge(server, 1, Integer::sum);
    Breaker known = breakers.get(server);
    Map<String, Staged> later = staged;
    if (later != null) {
      Staged twice = later.get(server);
      Breaker breaker =
          known != null
              ? known
              : twice != null ? twice.breaker : new Breaker(server, settings, ticker, listener);
      later.put(server, new Staged(breaker, settings));
      return breaker;
    }
    if (known != null) {
      known.settings(settings);
    } else {
      known = new Breaker(server, settings, ticker, listener);
      put(server, known);
    }
    guardMembers(server, settings);
    return known;
  }

  private void put(String server, Breaker breaker) {
    breakers.put(server, breaker);
    Backend backend = backends.get(server);
    if (backend != null) {
      backend.gate(breaker);
    }
  }

  /**
   * A server was found for which an endpoint stands: it is guarded as the endpoint is, by a breaker
   * of its own.
   *
   * @param group the endpoint's name
   */
  public synchronized void member(String server, String group) {
    members.put(server, group);
    Breaker like = breakers.get(group);
    if (like != null) {
      guardMember(server, like.settings());
    }
  }

  private void guardMembers(String group, BreakerSettings settings) {
    members.forEach(
        (server, of) -> {
          if (of.equals(group)) {
            guardMember(server, settings);
          }
        });
  }

  private void guardMember(String server, BreakerSettings settings) {
    Breaker known = breakers.get(server);
    if (known != null) {
      known.settings(settings);
    } else {
      put(server, new Breaker(server, settings, ticker, listener));
    }
  }

  /** From now on {@link #guard} changes nothing until {@link #commit}, or until {@link #drop}. */
  public synchronized void stage() {
    staged = new HashMap<>();
  }

  /** What was staged holds from now on. */
  public synchronized void commit() {
    Map<String, Staged> now = staged == null ? Map.of() : staged;
    staged = null;
    now.forEach(
        (server, each) -> {
          each.breaker.settings(each.settings);
          put(server, each.breaker);
          guardMembers(server, each.settings);
        });
  }

  /** What was staged is forgotten. */
  public synchronized void drop() {
    staged = null;
  }

  /** A step that has called {@link #guard} guards no more. */
  public synchronized void unguard(String server) {
    guards.computeIfPresent(server, (name, count) -> count == 1 ? null : count - 1);
  }

  /**
   * Ends the breakers that no step of a route goes by any more.
   *
   * @param but servers that keep theirs
   */
  public synchronized void sweep(Set<String> but) {
    if (staged == null) {
      for (String server : List.copyOf(breakers.keySet())) {
        if (!guards.containsKey(server)
            && !guards.containsKey(members.getOrDefault(server, server))
            && !but.contains(server)) {
          end(server);
        }
      }
    }
  }

  /** A server has left the fleet, and its breaker with it. */
  public synchronized void leave(Backend backend) {
    if (backends.remove(backend.name(), backend)) {
      breakers.remove(backend.name());
      members.remove(backend.name());
    }
  }

  private void end(String server) {
    Breaker last = breakers.remove(server);
    Backend backend = backends.get(server);
    if (last == null || backend == null) {
      return;
    }
    backend.gate(Gate.NONE);
    if (last.state() != Breaker.State.CLOSED) {
      listener.breakerMoved(server, last.state(), Breaker.State.CLOSED, "no route guards it");
    }
  }

  /** The breaker of that server, or null where no route guards it. */
  public @Nullable Breaker find(String server) {
    return breakers.get(server);
  }

  /** Every breaker, in no order; a live view. */
  public Collection<Breaker> all() {
    return Collections.unmodifiableCollection(breakers.values());
  }
}
