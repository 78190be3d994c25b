package dev.caravan.e2e;

import dev.caravan.TestGateway;
import dev.caravan.simulator.SimulatedServer;
import dev.caravan.simulator.SimulatedServerBuilder;
import dev.caravan.testing.NoLeaks;
import dev.caravan.testing.RawHttp;
import dev.caravan.testing.ScriptedServer;
import dev.caravan.time.Ticker;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * What tests of the whole gateway share: they start servers, one gateway and clients, all of which
 * are closed after the test, clients first, and then the gateway, which checks itself.
 */
@ExtendWith(NoLeaks.class)
abstract class EndToEnd {
  static final Duration LONG = Duration.ofSeconds(20);
  static Vertx vertx;

  private final Deque<AutoCloseable> servers = new ArrayDeque<>();
  private final Deque<AutoCloseable> clients = new ArrayDeque<>();
  private @Nullable TestGateway gateway;

  @BeforeAll
  static void startVertx() {
    vertx = Vertx.vertx();
  }

  @AfterAll
  static void stopVertx() {
    vertx.close().toCompletionStage().toCompletableFuture().join();
  }

  @AfterEach
  void closeAll() throws Exception {
    try {
      for (AutoCloseable client : clients) {
        client.close();
      }
      if (gateway != null) {
        gateway.close();
      }
    } finally {
      for (AutoCloseable server : servers) {
        server.close();
      }
    }
  }

  /** A simulated server a hundred times as fast as a real one. */
  SimulatedServer simulated(String name) {
    return simulated(SimulatedServer.builder(vertx).name(name).speedup(100));
  }

  /** A simulated server whose clock for {@code created} stands still. */
  SimulatedServer simulated(SimulatedServerBuilder builder) {
    SimulatedServer server = builder.wallClock(() -> 1_700_000_000_000L).build().startAndWait();
    servers.push(server);
    return server;
  }

  ScriptedServer scripted(ScriptedServer.Script script) throws IOException {
    return closing(new ScriptedServer(script));
  }

  ScriptedServer closing(ScriptedServer server) {
    servers.push(server);
    return server;
  }

  TestGateway start(String routes) throws Exception {
    return start(routes, Map.of());
  }

  TestGateway start(String routes, Map<String, String> properties) throws Exception {
    return start(routes, properties, Ticker.system());
  }

  TestGateway start(String routes, Map<String, String> properties, Ticker ticker) throws Exception {
    if (gateway != null) {
      throw new IllegalStateException("one gateway a test");
    }
    TestGateway started = TestGateway.start(routes, properties, ticker);
    gateway = started;
    return started;
  }

  TestGateway start(String routes, Map<String, String> properties, Map<String, Object> beans)
      throws Exception {
    TestGateway started = TestGateway.start(routes, properties, beans);
    gateway = started;
    return started;
  }

  /** Stops the gateway as SIGTERM does, and starts another one. */
  TestGateway restart(String routes, Map<String, String> properties) throws Exception {
    gateway().drain();
    stopGateway();
    return start(routes, properties);
  }

  void stopGateway() {
    gateway().close();
    gateway = null;
  }

  TestGateway gateway() {
    if (gateway == null) {
      throw new IllegalStateException("no gateway yet");
    }
    return gateway;
  }

  /** A new connection to the gateway. */
  RawHttp client() throws IOException {
    RawHttp client = new RawHttp(gateway().port());
    clients.push(client);
    return client;
  }

  /** A chat on a connection of its own. */
  RawHttp.Answer ask(String body, String... headers) throws IOException {
    return RawHttp.ask(gateway().port(), Chat.PATH, body, headers);
  }
}
