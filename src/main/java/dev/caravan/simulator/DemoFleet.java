package dev.caravan.simulator;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.net.URI;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Three simulated servers of unequal speed, reached over real HTTP: {@code swift}, an H100; {@code
 * steady}, an A100; {@code slow}, an A100 whose steps take three times as long. Safe for any
 * thread.
 */
public final class DemoFleet implements AutoCloseable {
  private final List<SimulatedServer> servers;

  private DemoFleet(List<SimulatedServer> servers) {
    this.servers = List.copyOf(servers);
  }

  /** A fleet in real time on free ports that serves {@link SimulatedServer#DEFAULT_MODEL}. */
  public static DemoFleet create(Vertx vertx) {
    return create(vertx, 0, List.of(SimulatedServer.DEFAULT_MODEL), 1, 1);
  }

  /**
   * A fleet that does not listen yet.
   *
   * @param firstPort the servers take this port and the two after it; 0 for free ones
   * @param models the models that each of them serves, at least one
   * @param speedup how much faster than real time, above 0
   */
  public static DemoFleet create(
      Vertx vertx, int firstPort, List<String> models, double speedup, long seed) {
    SimulatedServerBuilder swift = SimulatedServer.builder(vertx).name("swift");
    SimulatedServerBuilder steady = SimulatedServer.builder(vertx).name("steady");
    SimulatedServerBuilder slow = SimulatedServer.builder(vertx).name("slow").stepFactor(3);
    swift.parameters(EngineParameters.H100);
    steady.parameters(EngineParameters.A100);
    slow.parameters(EngineParameters.A100);
    List<SimulatedServerBuilder> all = List.of(swift, steady, slow);
    for (int i = 0; i < all.size(); i++) {
      all.get(i).models(models).speedup(speedup).seed(seed + i);
      all.get(i).port(firstPort == 0 ? 0 : firstPort + i);
    }
    return new DemoFleet(all.stream().map(SimulatedServerBuilder::build).toList());
  }

  /** Begins to listen. The future fails if a port cannot be bound; then none is left bound. */
  public Future<DemoFleet> start() {
    return Future.all(servers.stream().map(SimulatedServer::start).toList())
        .<DemoFleet>map(this)
        .recover(failure -> stop().transform(stopped -> Future.failedFuture(failure)));
  }

  /** As {@link #start}, and waits for it. Not on an event loop. */
  public DemoFleet startAndWait() {
    try {
      servers.forEach(SimulatedServer::startAndWait);
    } catch (IllegalStateException e) {
      close();
      throw e;
    }
    return this;
  }

  /** Stops all servers. */
  public Future<Void> stop() {
    return Future.join(servers.stream().map(SimulatedServer::stop).toList()).mapEmpty();
  }

  /** Stops all servers and waits for it, except on an event loop. */
  @Override
  public void close() {
    servers.forEach(SimulatedServer::close);
  }

  /** The servers, fastest first. */
  public List<SimulatedServer> servers() {
    return servers;
  }

  /** Where each server is to be found, by its name, fastest first. */
  public Map<String, URI> uris() {
    Map<String, URI> uris = new LinkedHashMap<>();
    servers.forEach(server -> uris.put(server.name(), server.uri()));
    return uris;
  }
}
