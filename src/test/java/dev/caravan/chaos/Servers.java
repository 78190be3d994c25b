package dev.caravan.chaos;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;

/** All servers of a run, by name. */
final class Servers implements AutoCloseable {
  private final Map<String, Server> servers = new LinkedHashMap<>();

  /** Starts the servers of all pools and waits until they listen. */
  static Servers start(List<Pool> pools, double speedup) {
    Servers all = new Servers();
    Map<String, CompletableFuture<Server>> starting = new LinkedHashMap<>();
    for (Pool pool : pools) {
      for (String name : pool.servers()) {
        starting.put(
            name,
            CompletableFuture.supplyAsync(
                () -> {
                  try {
                    return new Server(name, pool.model(), speedup, pool.proxied(name));
                  } catch (IOException e) {
                    throw new UncheckedIOException(e);
                  }
                },
                Pause.TIMER));
      }
    }
    try {
      starting.forEach((name, server) -> all.servers.put(name, server.join()));
    } catch (RuntimeException e) {
      starting.values().forEach(each -> each.thenAccept(Servers::closeQuietly));
      throw e;
    }
    return all;
  }

  private static void closeQuietly(Server server) {
    try {
      server.close();
    } catch (IOException gone) {
      // the start has failed already
    }
  }

  Server get(String name) {
    return Objects.requireNonNull(servers.get(name), name);
  }

  Iterable<Server> all() {
    return servers.values();
  }

  @Override
  public void close() throws IOException {
    for (Server server : servers.values()) {
      server.close();
    }
  }
}
