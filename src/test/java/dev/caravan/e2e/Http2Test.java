package dev.caravan.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.caravan.TestGateway;
import dev.caravan.testing.Authority;
import dev.caravan.testing.RawHttp2;
import dev.caravan.testing.ScriptedServer;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Clients of the inference port that speak HTTP/2: requests, streams, and their ends. */
class Http2Test extends EndToEnd {
  private static final Authority CA = new Authority("authority");
  private static final Authority CLIENTS = new Authority("authority of clients");
  private static final SSLContext CLIENT = CA.context(null);
  private static final int CANCEL = 8;
  private static final String STREAM =
      """
      HTTP/1.1 200 OK\r
      Content-Type: text/event-stream\r
      Transfer-Encoding: chunked\r
      \r
      """;

  @TempDir Path directory;
  private Secured secured;

  @BeforeEach
  void mount() throws IOException {
    secured = new Secured(directory);
    secured.mount("server", CA.issue("gateway", "localhost", "127.0.0.1"));
    secured.trust("clients.pem", CLIENTS);
  }

  private TestGateway secure(URI server, Map<String, String> more) throws Exception {
    return start(PoolYaml.single(server), Secured.all(secured.port("server"), more));
  }

  private TestGateway secure() throws Exception {
    return secure(simulated("steady").uri(), Map.of());
  }

  private RawHttp2 raw() throws IOException {
    return Secured.http2(gateway().port(), CLIENT);
  }

  private static HttpClient modern(SSLContext context) {
    return HttpClient.newBuilder().version(HttpClient.Version.HTTP_2).sslContext(context).build();
  }

  private HttpRequest chat(String body) {
    return HttpRequest.newBuilder(URI.create("https://localhost:" + gateway().port() + Chat.PATH))
        .header("content-type", "application/json")
        .POST(HttpRequest.BodyPublishers.ofString(body))
        .build();
  }

  private double handshakes() {
    return gateway()
        .meters()
        .get("caravan.tls.handshakes")
        .tag("result", "done")
        .functionCounter()
        .count();
  }

  // ---- a client as there are many

  @Test
  void requestsAndStreams_areAnswered() throws Exception {
    secure();
    HttpClient client = modern(CLIENT);
    HttpResponse<String> whole =
        client.send(chat(Chat.whole("hello")), HttpResponse.BodyHandlers.ofString());
    assertThat(whole.version()).isEqualTo(HttpClient.Version.HTTP_2);
    assertThat(whole.statusCode()).isEqualTo(200);
    assertThat(whole.headers().firstValue("x-caravan-backend")).hasValue("only");
    assertThat(whole.headers().map()).doesNotContainKeys("connection", "transfer-encoding");
    assertThat(Chat.json(whole.body()).path("object").asText()).isEqualTo("chat.completion");
    HttpResponse<String> streamed =
        client.send(chat(Chat.stream("s", 40)), HttpResponse.BodyHandlers.ofString());
    assertThat(streamed.headers().firstValue("content-type").orElse(""))
        .startsWith("text/event-stream");
    assertThat(streamed.body()).endsWith("data: [DONE]\n\n");
    assertThat(Chat.events(streamed.body())).hasSizeGreaterThan(40);
    gateway().drain(); // this client keeps its connection
  }

  @Test
  void manyRequests_shareOneConnection() throws Exception {
    secure();
    HttpClient client = modern(CLIENT);
    client.send(chat(Chat.whole("first")), HttpResponse.BodyHandlers.ofString());
    List<CompletableFuture<HttpResponse<String>>> all = new ArrayList<>();
    for (int i = 0; i < 60; i++) {
      all.add(
          client.sendAsync(
              chat(i % 2 == 0 ? Chat.stream("s" + i, 30) : Chat.whole("w" + i)),
              HttpResponse.BodyHandlers.ofString()));
    }
    for (int i = 0; i < all.size(); i++) {
      HttpResponse<String> answer = all.get(i).get(60, TimeUnit.SECONDS);
      assertThat(answer.statusCode()).isEqualTo(200);
      assertThat(answer.body().endsWith("data: [DONE]\n\n")).isEqualTo(i % 2 == 0);
    }
    assertThat(handshakes()).isEqualTo(1);
    assertThat(gateway().connections()).isEqualTo(1);
    await().atMost(LONG).until(() -> gateway().accessLog().size() == 61);
    assertThat(gateway().accessLog()).allMatch(line -> line.contains("\"status\":200"));
    gateway().drain();
  }

  @Test
  void largeBody_arrivesWhole() throws Exception {
    ScriptedServer server =
        scripted(
            (peer, connection) -> {
              while (peer.request() != null) {
                peer.send(ScriptedServer.whole(200, "{}"));
              }
            });
    secure(server.uri(), Map.of());
    String body = Chat.whole("word ".repeat(600_000));
    assertThat(modern(CLIENT).send(chat(body), HttpResponse.BodyHandlers.ofString()).statusCode())
        .isEqualTo(200);
    assertThat(server.requests().get(0).text()).isEqualTo(body);
    gateway().drain();
  }

  // ---- streams

  @Test
  void stream_arrivesAsItComes() throws Exception {
    CountDownLatch read = new CountDownLatch(1);
    ScriptedServer server =
        scripted(
            (peer, connection) -> {
              peer.request();
              peer.send(STREAM);
              peer.chunk("data: {\"a\":1}\n\n");
              read.await();
              peer.chunk("data: {\"a\":2}\n\n");
              peer.chunk("data: [DONE]\n\n");
              peer.chunk("");
              peer.awaitLeft();
            });
    secure(server.uri(), Map.of());
    try (RawHttp2 client = raw()) {
      client.ask(1, Chat.PATH, Chat.stream("s", 3));
      while (client.on(1).parts() == 0) {
        client.read();
      }
      assertThat(client.on(1).text()).isEqualTo("data: {\"a\":1}\n\n");
      read.countDown();
      RawHttp2.Answer answer = client.answer(1);
      assertThat(answer.text()).endsWith("data: {\"a\":2}\n\ndata: [DONE]\n\n");
      assertThat(answer.reset()).isEqualTo(-1);
      assertThat(answer.head()).containsKeys("x-request-id", "x-accel-buffering");
    }
  }

  @Test
  void stream_thatIsTakenBack_endsTheRequestToTheServer_andNothingElse() throws Exception {
    ScriptedServer server =
        scripted(
            (peer, connection) -> {
              peer.request();
              peer.send(STREAM);
              peer.chunk("data: {\"n\":" + connection + "}\n\n");
              peer.awaitLeft();
            });
    secure(server.uri(), Map.of());
    try (RawHttp2 client = raw()) {
      client.ask(1, Chat.PATH, Chat.stream("s", 3)).ask(3, Chat.PATH, Chat.stream("t", 3));
      while (client.on(1).parts() == 0 || client.on(3).parts() == 0) {
        client.read();
      }
      assertThat(gateway().inflight()).isEqualTo(2);
      client.reset(1, CANCEL);
      await().atMost(LONG).until(() -> server.left() == 1 && gateway().inflight() == 1);
      assertThat(gateway().connections()).isEqualTo(1);
      client.reset(3, CANCEL);
      gateway().awaitIdle();
      await().atMost(LONG).until(() -> gateway().accessLog().size() == 2);
    }
  }

  @Test
  void connectionThatBreaks_endsAllItsRequests() throws Exception {
    ScriptedServer server =
        scripted(
            (peer, connection) -> {
              peer.request();
              peer.awaitLeft();
            });
    secure(server.uri(), Map.of());
    try (RawHttp2 client = raw()) {
      client.ask(1, Chat.PATH, Chat.whole("a")).ask(3, Chat.PATH, Chat.whole("b"));
      await().atMost(LONG).until(() -> gateway().inflight() == 2);
    }
    gateway().awaitIdle();
    await().atMost(LONG).until(() -> server.left() == 2);
  }

  @Test
  void stream_ofAServerThatDies_endsWithAnErrorInBand() throws Exception {
    ScriptedServer server =
        scripted(
            (peer, connection) -> {
              peer.request();
              peer.send(STREAM);
              peer.chunk("data: {\"a\":1}\n\n");
              peer.reset();
            });
    secure(server.uri(), Map.of());
    try (RawHttp2 client = raw()) {
      RawHttp2.Answer answer = client.ask(1, Chat.PATH, Chat.stream("s", 3)).answer(1);
      assertThat(answer.ended()).isTrue();
      assertThat(answer.text()).contains("\"error\"").doesNotContain("[DONE]");
    }
  }

  @Test
  void answer_ofAServerThatDies_isReset_soThatNobodyTakesItForWhole() throws Exception {
    ScriptedServer server =
        scripted(
            (peer, connection) -> {
              peer.request();
              peer.send(
                  "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
                      + "content-length: 100\r\n\r\n{\"half\":");
              peer.awaitLeft();
            });
    secure(server.uri(), Map.of());
    try (RawHttp2 client = raw()) {
      client.ask(1, Chat.PATH, Chat.whole("a"));
      while (client.on(1).parts() == 0) {
        client.read();
      }
      server.close();
      assertThat(client.awaitReset(1)).as("INTERNAL_ERROR").isEqualTo(2);
      assertThat(client.on(1).ended()).isFalse();
    }
  }

  // ---- who the client is

  @Test
  void cookie_isSecure() throws Exception {
    secure(
        simulated("steady").uri(),
        Map.of(
            "caravan.conversation.cookie.enabled",
            "true",
            "caravan.conversation.cookie.keys",
            "0123456789abcdef0123456789abcdef"));
    try (RawHttp2 client = raw()) {
      assertThat(client.ask(1, Chat.PATH, Chat.whole("a")).answer(1).header("set-cookie"))
          .contains("Secure");
    }
  }

  @Test
  void certificate_isKnownToRoutes() throws Exception {
    start(
        """
        - route:
            id: who
            from:
              uri: pool:llama-3.1-8b
              steps:
                - setBody:
                    simple: "${exchangeProperty.caravan-client-name}"
        """,
        Secured.all(
            secured.port("server"),
            secured.trusts("port", "clients.pem"),
            Map.of("caravan.http.client-auth", "required")));
    try (RawHttp2 client =
        Secured.http2(gateway().port(), CA.context(CLIENTS.issue("ana", "ana.example")))) {
      for (int stream = 1; stream < 7; stream += 2) {
        assertThat(client.ask(stream, Chat.PATH, Chat.whole("a")).answer(stream).text())
            .isEqualTo("ana");
      }
    }
  }

  // ---- the ends of connections

  @Test
  void drain_isTold_andStreamsGoOn() throws Exception {
    secure();
    try (RawHttp2 client = raw()) {
      client.ask(1, Chat.PATH, Chat.stream("s", 60));
      while (client.on(1).parts() == 0) {
        client.read();
      }
      gateway().drain();
      assertThat(client.answer(1).text()).endsWith("data: [DONE]\n\n");
      assertThat(client.closed()).isTrue();
      assertThat(client.lastError()).isZero();
      assertThat(client.goneAway()).startsWith(Integer.MAX_VALUE, 1);
    }
  }

  @Test
  void drain_endsIdleConnections() throws Exception {
    secure();
    try (RawHttp2 client = raw()) {
      assertThat(client.ask(1, Chat.PATH, Chat.whole("a")).answer(1).status()).isEqualTo(200);
      gateway().drain();
      assertThat(client.closed()).isTrue();
      assertThat(client.goneAway()).endsWith(1);
    }
  }

  @Test
  void idleConnection_isClosed_butNotOneThatWaitsForItsAnswer() throws Exception {
    CountDownLatch answer = new CountDownLatch(1);
    ScriptedServer server =
        scripted(
            (peer, connection) -> {
              peer.request();
              answer.await();
              peer.send(ScriptedServer.whole(200, "{}"));
              peer.awaitLeft();
            });
    secure(server.uri(), Map.of("caravan.http.idle-timeout", "300ms"));
    try (RawHttp2 waits = raw();
        RawHttp2 idle = raw()) {
      waits.ask(1, Chat.PATH, Chat.whole("a"));
      assertThat(
              idle.headers(
                      1,
                      true,
                      ":method",
                      "GET",
                      ":scheme",
                      "https",
                      ":path",
                      "/v1/models",
                      ":authority",
                      "localhost")
                  .answer(1)
                  .status())
          .isEqualTo(200);
      assertThat(idle.closed()).isTrue();
      assertThat(idle.lastError()).isZero();
      assertThat(gateway().inflight()).isEqualTo(1);
      answer.countDown();
      assertThat(waits.answer(1).status()).isEqualTo(200);
      assertThat(waits.closed()).isTrue();
    }
  }

  @Test
  void clientThatAsksNothing_isClosed_howeverOftenItPings() throws Exception {
    AtomicLong clock = new AtomicLong();
    start(
        PoolYaml.single(simulated("steady").uri()),
        Secured.all(secured.port("server"), Map.of("caravan.http.head-timeout", "1s")),
        clock::get);
    try (RawHttp2 client = raw()) {
      for (int pings = 0; pings < 10; pings++) {
        client.send(RawHttp2.PING, 0, 0, new byte[8]);
        while (client.read() != RawHttp2.PING) {
          // settings
        }
        clock.addAndGet(TimeUnit.MILLISECONDS.toNanos(100));
      }
      assertThat(client.closed()).isTrue();
      assertThat(client.goneAway()).hasSize(1);
      assertThat(client.lastError()).isZero();
    }
  }

  @Test
  void http11_isSpokenByThoseWhoAskForIt() throws Exception {
    secure();
    try (SSLSocket socket =
        Secured.connect(
            gateway().port(), CLIENT, p -> p.setApplicationProtocols(new String[] {"http/1.1"}))) {
      assertThat(socket.getApplicationProtocol()).isEqualTo("http/1.1");
    }
    assertThat(Secured.ask(gateway().port(), CLIENT).status()).isEqualTo(200);
  }
}
