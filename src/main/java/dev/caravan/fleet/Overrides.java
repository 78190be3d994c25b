package dev.caravan.fleet;

import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.UnaryOperator;

/**
 * What operators have set, by server. It is over what routes say, for as long as the process runs
 * or until it is taken back: a reload changes nothing of it, and a server that leaves the routes
 * and comes back has it still. Safe for any thread.
 */
public final class Overrides {
  private final ConcurrentHashMap<String, ServerOverride> byServer = new ConcurrentHashMap<>();

  /** What is set of a server; {@link ServerOverride#NONE} where nothing is. */
  public ServerOverride of(String server) {
    return byServer.getOrDefault(server, ServerOverride.NONE);
  }

  /** All that is set, by server. */
  public Map<String, ServerOverride> all() {
    return new TreeMap<>(byServer);
  }

  /** A server has joined the fleet, for the first time or again. */
  public synchronized void join(Backend backend) {
    backend.override(of(backend.name()));
  }

  /** What was set of a server before a change, and is now. */
  public record Change(ServerOverride before, ServerOverride now) {}

  /** Changes what is set of a server; health has to be told of it. */
  public synchronized Change change(Backend backend, UnaryOperator<ServerOverride> change) {
    ServerOverride before = of(backend.name());
    ServerOverride now = change.apply(before);
    if (now.isNone()) {
      byServer.remove(backend.name());
      now = ServerOverride.NONE;
    } else {
      byServer.put(backend.name(), now);
    }
    backend.override(now);
    return new Change(before, now);
  }

  /** Forgets what is set of a server that is not in the fleet now. */
  public synchronized void forget(String server) {
    byServer.remove(server);
  }
}
