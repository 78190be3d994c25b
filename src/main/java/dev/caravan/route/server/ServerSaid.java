package dev.caravan.route.server;

/** Learns what routes say of servers. */
@FunctionalInterface
public interface ServerSaid {
  /**
   * A route has said something of a server, for the first time or anew.
   *
   * @param drain whether it wants the server empty
   */
  void server(String name, boolean drain);
}
