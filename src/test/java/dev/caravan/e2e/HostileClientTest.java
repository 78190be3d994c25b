package dev.caravan.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.caravan.simulator.SimulatedServer;
import dev.caravan.testing.CapturedLog;
import dev.caravan.testing.RawHttp;
import dev.caravan.testing.ScriptedServer;
import io.micrometer.core.instrument.Meter;
import java.io.IOException;
import java.net.SocketException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.junit.jupiter.api.Test;

/** What a client can make the gateway remember, say, and connect to. */
class HostileClientTest extends EndToEnd {
  private static final String PROMPT = "canary-prompt-4711";
  private static final String KEY = "canary-key-0815";

  private List<Meter.Id> series() {
    return gateway().meters().getMeters().stream().map(Meter::getId).toList();
  }

  // ---- the size of what is remembered

  @Test
  void randomModelsPathsAndHeaders_addNoSeries() throws Exception {
    start(PoolYaml.single(simulated("only").uri()));
    Random random = new Random(7);
    ask(Chat.whole("hello"));
    await().atMost(LONG).until(() -> gateway().inflight() == 0);
    RawHttp client = client();
    int before = -1;
    for (int i = 0; i < 10_000; i++) {
      String odd = Long.toHexString(random.nextLong());
      String model = "{\"model\":\"" + odd + "\",\"messages\":[]}";
      switch (i % 4) {
        case 0 -> client.post("/v1/chat/completions", model, "x-request-id: " + odd);
        case 1 -> client.post("/v1/" + odd, model);
        case 2 -> client.get("/v1/models/" + odd, "user-agent: " + odd);
        default ->
            client.post(
                "/v1/completions?" + odd, model, "x-" + odd + ": " + odd, "x-session-id: " + odd);
      }
      assertThat(client.answer().status()).isEqualTo(404);
      if (i == 100) {
        before = series().size();
      }
    }
    assertThat(series()).hasSize(before);
    assertThat(series())
        .allSatisfy(
            id ->
                assertThat(id.getTags())
                    .noneMatch(tag -> tag.getValue().matches("[0-9a-f]{12,16}")));
  }

  // ---- where it connects to

  @Test
  void urlsInARequest_areNeverFetched() throws Exception {
    SimulatedServer server = simulated("only");
    start(PoolYaml.single(server.uri()));
    ScriptedServer evil = closing(ScriptedServer.answering(ScriptedServer.whole(200, "{}")));
    String url = evil.uri() + "/canary";
    String body =
        "{\"model\":\""
            + PoolYaml.MODEL
            + "\",\"max_tokens\":3,\"url\":\"@\",\"webhook\":\"@\",\"base_url\":\"@\","
            + "\"file_url\":\"@\",\"metadata\":{\"callback\":\"@\"},"
            + "\"tools\":[{\"type\":\"mcp\",\"server_url\":\"@\"}],\"messages\":[{\"role\":\"user\","
            + "\"content\":[{\"type\":\"text\",\"text\":\"see @\"},"
            + "{\"type\":\"image_url\",\"image_url\":{\"url\":\"@\"}}]}]}";
    String sent = body.replace("@", url);
    String authority = "127.0.0.1:" + evil.port();
    RawHttp client = client();
    for (String target : List.of(Chat.PATH, url + Chat.PATH.substring(3), evil.uri() + Chat.PATH)) {
      client.post(
          target,
          sent,
          "x-forwarded-host: " + authority,
          "x-original-url: " + url,
          "x-rewrite-url: " + url,
          "forwarded: host=" + authority,
          "x-caravan-backend: " + url,
          "location: " + url,
          "referer: " + url,
          "webhook-url: " + url);
      assertThat(client.answer().status()).isIn(200, 404);
    }
    client.send("GET /v1/models HTTP/1.1\r\nhost: " + authority + "\r\n\r\n");
    assertThat(client.answer().status()).isEqualTo(200);
    assertThat(server.requests()).hasSize(2).allMatch(received -> received.text().equals(sent));
    assertThat(evil.connections()).isZero();
  }

  @Test
  void redirectOfAServer_isNotFollowed() throws Exception {
    ScriptedServer evil = closing(ScriptedServer.answering(ScriptedServer.whole(200, "{}")));
    ScriptedServer server =
        closing(
            ScriptedServer.answering(
                ScriptedServer.whole(307, "{}", "location: " + evil.uri() + "/canary")));
    start(PoolYaml.single(server.uri()));
    ask(Chat.whole("hello"), "authorization: Bearer " + KEY);
    assertThat(server.requests()).isNotEmpty();
    assertThat(evil.connections()).isZero();
  }

  // ---- what it says

  @Test
  void promptsAndKeys_areInNothingThatIsKept_evenAtTrace() throws Exception {
    Logger own = Logger.getLogger("dev.caravan");
    Logger camel = Logger.getLogger("org.apache.camel");
    Logger netty = Logger.getLogger("io.netty");
    List<Logger> loggers = List.of(own, camel, netty);
    List<Level> levels = new ArrayList<>();
    loggers.forEach(
        each -> {
          levels.add(each.getLevel());
          each.setLevel(Level.ALL);
        });
    try (CapturedLog a = CapturedLog.of("dev.caravan");
        CapturedLog b = CapturedLog.of("org.apache.camel");
        CapturedLog c = CapturedLog.of("io.netty")) {
      everyEnd();
      // Spans alone say which model was asked for.
      assertThat(String.join("\n", gateway().accessLog()) + series() + a.lines() + b.lines())
          .doesNotContain("unknown-model");
      String kept =
          String.join("\n", gateway().accessLog())
              + series()
              + gateway().scrape()
              + gateway().spans();
      stopGateway();
      assertThat(b.lines()).as("Camel's log was really open").anyMatch(l -> l.startsWith("DEBUG"));
      List<String> lines = new ArrayList<>(a.lines());
      lines.addAll(b.lines());
      lines.addAll(c.lines());
      assertThat(lines).noneMatch(line -> line.contains("canary"));
      assertThat(kept).doesNotContain("canary").contains(PoolYaml.MODEL);
    } finally {
      for (int i = 0; i < levels.size(); i++) {
        loggers.get(i).setLevel(levels.get(i));
      }
    }
  }

  /** A marked prompt and key on the way through success and every kind of failure. */
  private void everyEnd() throws Exception {
    String odd = ScriptedServer.whole(500, "{\"error\":\"" + PROMPT + "\"}", "x-a: " + KEY);
    String[] answers = {
      ScriptedServer.whole(200, "{\"choices\":[{\"text\":\"" + PROMPT + "\"}]}"),
      ScriptedServer.whole(400, "{\"error\":{\"message\":\"" + PROMPT + "\"}}"),
      ScriptedServer.whole(401, "{\"error\":{\"message\":\"" + KEY + "\"}}"),
      ScriptedServer.whole(429, "{\"error\":\"" + PROMPT + "\"}", "retry-after: 1"),
      odd,
      ScriptedServer.whole(503, PROMPT),
      PROMPT + " " + KEY + "\r\n\r\n",
      "HTTP/1.1 200 OK\r\n" + PROMPT + "\r\n\r\n",
      "HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n" + PROMPT,
      "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + PROMPT,
      "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
          + chunk("data: {\"a\":\"canary-prompt\"}\n\n"),
      "",
    };
    StringBuilder routes = new StringBuilder();
    for (int i = 0; i < answers.length; i++) {
      String answer = answers[i];
      ScriptedServer server =
          scripted(
              (peer, connection) -> {
                if (peer.request() != null) {
                  peer.send(answer);
                }
              });
      routes.append(
          PoolYaml.of("m" + i).server("s" + i, server.uri()).parameters("attempts: 2").text());
    }
    routes.append(PoolYaml.single(simulated("only").uri()));
    start(
        routes.toString(),
        Map.of("caravan.tracing.enabled", "true", "caravan.metrics.gen-ai", "true"));
    for (int i = 0; i < answers.length; i++) {
      for (String body : new String[] {Chat.whole(PROMPT), Chat.stream(PROMPT, 3)}) {
        send(body.replace(PoolYaml.MODEL, "m" + i));
      }
    }
    send(Chat.whole(PROMPT));
    send(Chat.stream(PROMPT, 3));
    send(Chat.whole(PROMPT).replace(PoolYaml.MODEL, "unknown-model"));
    send("{\"model\":\"" + PoolYaml.MODEL + "\",\"messages\":\"" + PROMPT);
    send("{\"model\":7,\"messages\":\"" + PROMPT + "\"}");
    RawHttp leaves = client();
    leaves.post(Chat.PATH, Chat.stream(PROMPT, 500), "authorization: Bearer " + KEY);
    leaves.reset();
    await().atMost(LONG).until(() -> gateway().inflight() == 0);
  }

  private static String chunk(String data) {
    return Integer.toHexString(data.length()) + "\r\n" + data + "\r\n";
  }

  private void send(String body) throws IOException {
    try (RawHttp client = new RawHttp(gateway().port())) {
      client.post(
          Chat.PATH,
          body,
          "authorization: Bearer " + KEY,
          "x-api-key: " + KEY,
          "api-key: " + KEY,
          "cookie: session=" + KEY,
          "x-session-id: " + KEY,
          "x-odd: " + KEY,
          "connection: close");
      String answer = client.head().text();
      try {
        answer += client.rest();
      } catch (SocketException cut) {
        // An answer that broke off: the client must not take it for whole.
      }
      assertThat(answer).startsWith("HTTP/1.1 ").doesNotContain("Exception", "\tat ");
    }
  }
}
