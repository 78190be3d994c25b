package dev.caravan.health;

import dev.caravan.fleet.Backend;
import dev.caravan.time.Ticker;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.Map;
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
    Breaker known = breakers.get(server);
    if (known != null) {
      known.settings(settings);
      return known;
    }
    Breaker made = new Breaker(server, settings, ticker, listener);
    breakers.put(server, made);
    Backend backend = backends.get(server);
    if (backend != null) {
      backend.gate(made);
    }
    return made;
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
