package dev.caravan.route.probe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.caravan.fleet.Fleet;
import dev.caravan.health.EngineReading;
import dev.caravan.health.HealthListener;
import dev.caravan.route.server.Servers;
import dev.caravan.testing.NoLeaks;
import dev.caravan.testing.Ports;
import dev.caravan.testing.RawHead;
import dev.caravan.testing.ScriptedServer;
import dev.caravan.time.Chance;
import dev.caravan.time.Ticker;
import dev.caravan.upstream.TlsClients;
import dev.caravan.upstream.Transport;
import io.netty.channel.EventLoopGroup;
import io.netty.resolver.DefaultAddressResolverGroup;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Pulses over real sockets. */
@ExtendWith(NoLeaks.class)
class PulsesTest {
  private static final Duration LONG = Duration.ofSeconds(20);

  private final HeardSignals signals = new HeardSignals();
  private final Transport transport = Transport.best();
  private final EventLoopGroup loops = transport.eventLoops(2, "pulse-test");
  private final Servers servers =
      new Servers(
          new Fleet(backend -> {}), new TlsClients(), name -> "sk-secret", (n, drain) -> {});
  private final Deque<AutoCloseable> open = new ArrayDeque<>();

  @AfterEach
  void close() throws Exception {
    loops.shutdownGracefully(0, 2, java.util.concurrent.TimeUnit.SECONDS).awaitUninterruptibly();
    for (AutoCloseable each : open) {
      each.close();
    }
  }

  private Pulses pulses(int periodMillis, int timeoutMillis) {
    return new Pulses(
        servers,
        signals,
        HealthListener.NONE,
        transport,
        DefaultAddressResolverGroup.INSTANCE,
        loops,
        Ticker.system(),
        Chance.seeded(1),
        Duration.ofMillis(periodMillis),
        Duration.ofMillis(timeoutMillis));
  }

  private ScriptedServer server(ScriptedServer.Script script) throws IOException {
    ScriptedServer server = new ScriptedServer(script);
    open.push(server);
    return server;
  }

  private void named(URI uri, String... more) {
    Map<String, String> given = new TreeMap<>(Map.of("url", uri.toString()));
    for (int i = 0; i < more.length; i += 2) {
      given.put(more[i], more[i + 1]);
    }
    servers.named("gpu", servers.said("gpu", given));
  }

  private void heard(String what) {
    await().atMost(LONG).until(() -> signals.heard.stream().anyMatch(line -> line.contains(what)));
  }

  @ParameterizedTest
  @CsvSource({
    "'', /health, /metrics",
    "/, /health, /metrics",
    "/v1, /health, /metrics",
    "/v1/, /health, /metrics",
    "/llm/v1, /llm/health, /llm/metrics",
    "/llm/, /llm/health, /llm/metrics"
  })
  void paths_areBesideTheApi_andTheKeyGoesWithThem(String base, String health, String metrics)
      throws Exception {
    ScriptedServer server = ScriptedServer.answering(ScriptedServer.whole(200, ""));
    open.push(server);
    named(server.uri().resolve(base.isEmpty() ? "/" : base), "apiKey", "env:KEY");
    pulses(20, 2_000).ensure("gpu");
    await().atMost(LONG).until(() -> server.requests().size() >= 6);
    assertThat(server.requests())
        .extracting(request -> request.head().start())
        .containsOnly("GET " + health + " HTTP/1.1", "GET " + metrics + " HTTP/1.1");
    for (ScriptedServer.Request request : server.requests()) {
      RawHead head = request.head();
      assertThat(head.header("authorization")).isEqualTo("Bearer sk-secret");
      assertThat(head.header("host")).isEqualTo("127.0.0.1:" + server.port());
    }
    assertThat(server.connections()).as("one a path, kept").isEqualTo(2);
    heard("gpu reachable");
  }

  @Test
  void anotherPath_andNone() throws Exception {
    ScriptedServer server = ScriptedServer.answering(ScriptedServer.whole(200, ""));
    open.push(server);
    named(server.uri(), "health", "/ready?full=1", "metrics", "off");
    pulses(20, 2_000).ensure("gpu");
    await().atMost(LONG).until(() -> server.requests().size() >= 3);
    assertThat(server.requests())
        .extracting(request -> request.head().start())
        .containsOnly("GET /ready?full=1 HTTP/1.1");
    assertThat(signals.readings).isEmpty();
  }

  @Test
  void bothOff_asksNothing() throws Exception {
    named(URI.create("http://127.0.0.1:1"), "health", "off", "metrics", "off");
    pulses(20, 2_000).ensure("gpu");
    assertThat(signals.pulses).isEmpty();
  }

  @Test
  void nobodyListens_isRefused() throws Exception {
    int port = Ports.free();
    named(URI.create("http://127.0.0.1:" + port), "metrics", "off");
    pulses(20, 2_000).ensure("gpu");
    heard("gpu refused /health: connection refused");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "", // never a byte
        "HTTP/1.1 200 OK\r\ncontent-le", // stuck in its head
        "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf" // and in its body
      })
  void silence_isUnreachable_andTheConnectionIsLeft(String bytes) throws Exception {
    ScriptedServer server =
        server(
            (peer, connection) -> {
              peer.request();
              peer.send(bytes);
              peer.awaitLeft();
            });
    named(server.uri(), "metrics", "off");
    pulses(50, 60).ensure("gpu");
    heard("gpu unreachable /health: no answer in 60 ms");
    await().atMost(LONG).until(() -> server.left() >= 2);
  }

  /** A full server writes its counters late; they count all the same. */
  @Test
  void slowCounters_areRead() throws Exception {
    ScriptedServer server =
        server(
            (peer, connection) -> {
              ScriptedServer.Request request = peer.request();
              if (request != null && request.head().start().contains("/metrics")) {
                await().atMost(LONG).until(() -> !signals.heard.isEmpty());
                peer.send(ScriptedServer.whole(200, "vllm:num_requests_running 3\n"));
              }
              peer.awaitLeft();
            });
    named(server.uri());
    pulses(5_000, 200).ensure("gpu");
    heard("gpu unreachable /health: no answer in 200 ms");
    await().atMost(LONG).until(() -> !signals.readings.isEmpty());
    assertThat(signals.readings.get(0)).isEqualTo(new EngineReading(-1, 3, -1, -1));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"SSH-2.0-OpenSSH_9.6\r\n\r\n", "\u0000\u0001\u0002\r\n\r\n", "<html>\r\n"})
  void whatIsNotHttp_isUnreachable(String bytes) throws Exception {
    ScriptedServer server =
        server(
            (peer, connection) -> {
              peer.request();
              peer.send(bytes);
            });
    named(server.uri(), "metrics", "off");
    pulses(20, 2_000).ensure("gpu");
    heard("gpu unreachable /health: ");
    assertThat(signals.heard).noneMatch(line -> line.contains(" reachable"));
  }

  @Test
  void keptConnectionThatTheServerCloses_isNoFailure() throws Exception {
    ScriptedServer server =
        server(
            (peer, connection) -> {
              for (int i = 0; i < 2; i++) {
                peer.request();
                peer.send(ScriptedServer.whole(200, "ok"));
              }
              peer.request(); // and leaves, as one does whose keep-alive has just run out
            });
    named(server.uri(), "metrics", "off");
    pulses(10, 2_000).ensure("gpu");
    await().atMost(LONG).until(() -> server.connections() >= 5);
    assertThat(signals.heard).containsOnly("gpu reachable");
  }

  @Test
  void answersThatEndTheConnection_areAnswers() throws Exception {
    ScriptedServer server =
        server(
            (peer, connection) -> {
              peer.request();
              peer.send("HTTP/1.1 103 Early Hints\r\n\r\n");
              peer.send(
                  connection % 2 == 0
                      ? "HTTP/1.0 200 OK\r\n\r\nhello"
                      : "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok");
            });
    named(server.uri(), "metrics", "off");
    pulses(10, 2_000).ensure("gpu");
    await().atMost(LONG).until(() -> signals.heard.size() >= 6);
    assertThat(signals.heard).containsOnly("gpu reachable");
  }

  @Test
  void redirect_isNotFollowed() throws Exception {
    ScriptedServer elsewhere = ScriptedServer.answering(ScriptedServer.whole(200, ""));
    open.push(elsewhere);
    ScriptedServer server =
        ScriptedServer.answering(
            ScriptedServer.whole(302, "", "location: " + elsewhere.uri() + "/health"));
    open.push(server);
    named(server.uri(), "metrics", "off");
    pulses(10, 2_000).ensure("gpu");
    heard("gpu reachable");
    assertThat(elsewhere.connections()).isZero();
    int asked = server.requests().size();
    Objects.requireNonNull(signals.pulses.get("gpu")).run();
    await().atMost(LONG).until(() -> server.requests().size() == asked + 1);
  }

  @Test
  void endlessBodies_areCutOff() throws Exception {
    String line = "vllm:num_requests_running{x=\"" + "y".repeat(1_000) + "\"} 1\n";
    ScriptedServer server =
        server(
            (peer, connection) -> {
              peer.request();
              peer.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
              while (true) {
                peer.chunk(line);
              }
            });
    named(server.uri());
    pulses(50, 10_000).ensure("gpu");
    heard("gpu reachable");
    await().atMost(LONG).until(() -> !signals.readings.isEmpty());
    assertThat(signals.readings).containsOnly(EngineReading.SILENT);
    assertThat(server.written()).isLessThan(200L << 20);
  }

  @Test
  void ensure_ofTheSameServer_changesNothing_andDropEndsIt() throws Exception {
    ScriptedServer server = ScriptedServer.answering(ScriptedServer.whole(200, ""));
    open.push(server);
    named(server.uri());
    Pulses pulses = pulses(20, 2_000);
    pulses.ensure("gpu");
    pulses.ensure("gpu");
    await().atMost(LONG).until(() -> server.requests().size() >= 10);
    assertThat(server.connections()).isEqualTo(2);
    named(server.uri(), "metrics", "/other");
    pulses.ensure("gpu");
    await()
        .atMost(LONG)
        .until(
            () ->
                server.requests().stream()
                    .anyMatch(request -> request.head().start().contains("/other")));
    await().atMost(LONG).until(() -> server.openConnections() == 2);
    pulses.drop("gpu");
    await().atMost(LONG).until(() -> server.openConnections() == 0);
    assertThat(signals.pulses).isEmpty();
  }

  @Test
  void tooShort_isRefused() {
    assertThatThrownBy(() -> pulses(5, 100))
        .hasMessageContaining("caravan.health.period")
        .hasMessageContaining("10ms");
  }
}
