package dev.caravan.route;

import dev.caravan.fleet.Backend;
import dev.caravan.fleet.Fleet;
import dev.caravan.upstream.Target;
import dev.caravan.upstream.TlsClients;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The model servers that routes name: what is said of each, its place in the fleet, and the way to
 * it. Routes are built by one thread at a time; any thread may read.
 */
public final class Servers {

  /** A server that a route has named. */
  record Server(Backend backend, Target target, ModelParameters parameters) {}

  /** Learns what routes say of servers. */
  @FunctionalInterface
  public interface Specified {
    /**
     * A route has said something of a server.
     *
     * @param drain whether it wants the server empty
     */
    void server(String name, boolean drain);
  }

  private final Fleet fleet;
  private final TlsClients tls;
  private final UnaryOperator<@Nullable String> environment;
  private final Specified specified;
  private volatile Map<String, Server> byName = Map.of();

  /**
   * Nobody yet.
   *
   * @param environment the value of an environment variable, or null
   * @param specified told whenever a route says something of a server, for the first time or anew
   */
  public Servers(
      Fleet fleet,
      TlsClients tls,
      UnaryOperator<@Nullable String> environment,
      Specified specified) {
    this.fleet = fleet;
    this.tls = tls;
    this.environment = environment;
    this.specified = specified;
  }

  /**
   * The server that an endpoint names.
   *
   * @param given the endpoint's parameters; without any it means a server named elsewhere
   * @throws IllegalArgumentException with what is wrong with them
   */
  synchronized Server named(String name, Map<String, String> given) {
    Server known = byName.get(name);
    if (given.isEmpty() && known != null) {
      return known;
    }
    ModelParameters parameters = ModelParameters.read(name, given, environment);
    if (known != null && known.parameters().equals(parameters)) {
      return known;
    }
    Target target =
        new Target(
            parameters.spec(),
            parameters.timeouts(),
            parameters.keepAliveMillis(),
            tls.contextFor(parameters.spec().url(), parameters.trustCertificates()));
    Server server = new Server(fleet.register(parameters.spec()), target, parameters);
    Map<String, Server> next = new HashMap<>(byName);
    next.put(name, server);
    byName = Map.copyOf(next);
    if (known != null) {
      known.target().retire();
    }
    specified.server(name, parameters.drain());
    return server;
  }

  /** The server of that name as the routes have it now, or null. */
  @Nullable Server find(String name) {
    return byName.get(name);
  }

  /** The name by which a server is asked for its model, where no request says which. */
  public String modelOf(String name) {
    Server server = byName.get(name);
    if (server == null) {
      return name;
    }
    String own = server.parameters().spec().model();
    String pool = server.target().servedAs();
    return own != null ? own : pool != null ? pool : name;
  }

  /** What the routes say of every server. */
  public Collection<ModelParameters> all() {
    return byName.values().stream().map(Server::parameters).toList();
  }
}
