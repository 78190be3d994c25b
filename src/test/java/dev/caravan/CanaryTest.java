package dev.caravan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.sun.net.httpserver.HttpServer;
import dev.caravan.tenant.Digest;
import dev.caravan.testing.CapturedLog;
import dev.caravan.testing.Ports;
import dev.caravan.testing.RawHttp;
import dev.caravan.testing.ScriptedServer;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import jakarta.inject.Inject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/**
 * Marked prompts, keys and headers go through the application as it is packaged, by every kind of
 * end. Then everything is searched for them that an operator or another client can see.
 */
@QuarkusTest
@SuppressWarnings("NullAway.Init") // Quarkus sets the fields
@TestProfile(CanaryTest.Marked.class)
class CanaryTest {
  private static final Duration LONG = Duration.ofSeconds(30);
  private static final Path DIRECTORY = Path.of("target", "test-canary").toAbsolutePath();
  private static final Path ACCESS_LOG = DIRECTORY.resolve("access.log");

  private static final String PROMPT = "canary-prompt";
  private static final String KEY = "canary-key-of-the-client";
  private static final String SERVER_KEY = "canary-key-of-the-server";
  private static final String HEADER = "canary-header";
  private static final String ANSWER = "canary-answer";
  private static final String CHUNKED = "transfer-encoding: chunked\r\n\r\n";
  private static final String ADMIN = "d".repeat(64);

  /** What the servers of the pools {@code m0}, {@code m1} … answer. */
  private static final List<String> ANSWERS =
      List.of(
          ScriptedServer.whole(
              200,
              "{\"choices\":[{\"text\":\"" + ANSWER + "\"}],\"usage\":{\"prompt_tokens\":3}}",
              "x-odd: " + ANSWER),
          ScriptedServer.whole(400, "{\"error\":{\"message\":\"" + ANSWER + "\"}}"),
          ScriptedServer.whole(401, "{\"error\":{\"message\":\"" + ANSWER + "\"}}"),
          ScriptedServer.whole(403, ANSWER, "www-authenticate: " + ANSWER),
          ScriptedServer.whole(404, ANSWER),
          ScriptedServer.whole(429, ANSWER, "retry-after: " + ANSWER),
          ScriptedServer.whole(500, ANSWER),
          ScriptedServer.whole(503, ANSWER, "retry-after: 1"),
          ScriptedServer.whole(307, ANSWER, "location: http://127.0.0.1:1/" + ANSWER),
          ANSWER + "\r\n\r\n",
          "HTTP/1.1 200 OK\r\n" + ANSWER + "\r\n\r\n",
          "HTTP/1.1 200 OK\r\ncontent-length: " + ANSWER + "\r\n\r\n",
          "HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n" + ANSWER,
          "HTTP/1.1 200 OK\r\n" + CHUNKED + ANSWER,
          "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
              + CHUNKED
              + "1d\r\ndata: {\"a\":\"canary-answer\"}\n\n\r\n",
          "");

  private static final List<ScriptedServer> SERVERS = new CopyOnWriteArrayList<>();
  private static final List<String> SPANS = new CopyOnWriteArrayList<>();
  private static HttpServer collector;

  /** A pool for each kind of answer, clients with a key, and a collector of spans. */
  public static class Marked implements QuarkusTestProfile {
    @Override
    public Map<String, String> getConfigOverrides() {
      try {
        Files.createDirectories(DIRECTORY.resolve("routes"));
        Files.deleteIfExists(ACCESS_LOG);
        Files.writeString(DIRECTORY.resolve("key"), SERVER_KEY);
        Files.writeString(
            DIRECTORY.resolve("clients.json"),
            ("{\"tenants\":{\"acme\":{\"explain\":true,\"tokensPerMinute\":1000000}},"
                    + "\"keys\":[{\"id\":\"a\",\"tenant\":\"acme\",\"sha256\":\"%s\"}]}")
                .formatted(Digest.of(KEY).hex()));
        Files.writeString(DIRECTORY.resolve("routes").resolve("pools.yaml"), routes());
        collect();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      Map<String, String> settings = new HashMap<>();
      settings.put("caravan.admin.auth.tokens", "ana operator sha256:" + Digest.of(ADMIN).hex());
      settings.put("caravan.clients.file", DIRECTORY.resolve("clients.json").toString());
      settings.put("caravan.routes.directory", DIRECTORY.resolve("routes").toString());
      settings.put("caravan.explain.header", "true");
      settings.put("caravan.tracing.enabled", "true");
      settings.put("caravan.tracing.sample", "1.0");
      settings.put(
          "caravan.tracing.endpoint",
          "http://127.0.0.1:" + collector.getAddress().getPort() + "/v1/traces");
      settings.put("caravan.metrics.gen-ai", "true");
      settings.put("caravan.probe.enabled", "false");
      settings.put("caravan.limits.redis.url", "redis://u:canary-redis@127.0.0.1:" + Ports.free());
      settings.put("caravan.http.host", "127.0.0.1");
      settings.put("caravan.http.port", Integer.toString(Ports.free()));
      settings.put("quarkus.http.test-port", "0");
      settings.put("caravan.access-log.path", ACCESS_LOG.toString());
      return settings;
    }

    private static String routes() throws IOException {
      StringBuilder routes = new StringBuilder();
      for (int i = 0; i < ANSWERS.size(); i++) {
        String answer = ANSWERS.get(i);
        ScriptedServer server =
            new ScriptedServer(
                (peer, connection) -> {
                  if (peer.request() != null) {
                    peer.send(answer);
                  }
                });
        SERVERS.add(server);
        String parameters = "apiKey: \"file:" + DIRECTORY.resolve("key") + "\"";
        routes.append(pool("m" + i, server.uri(), parameters));
      }
      ScriptedServer forwarded =
          new ScriptedServer(
              (peer, connection) -> {
                if (peer.request() != null) {
                  peer.send(ScriptedServer.whole(401, ANSWER));
                }
              });
      SERVERS.add(forwarded);
      routes.append(pool("forwarded", forwarded.uri(), "forwardCredentials: \"true\""));
      routes.append(pool("nobody", URI.create("http://127.0.0.1:" + Ports.free()), "weight: 1"));
      return routes.toString();
    }

    private static String pool(String name, URI uri, String parameters) {
      return """
      - route:
          id: NAME
          from:
            uri: pool:NAME
            parameters: { attempts: 2 }
            steps:
              - loadBalance:
                  customLoadBalancer: { ref: least-inflight }
                  steps:
                    - circuitBreaker:
                        steps:
                          - to: { uri: "model:NAME-1", parameters: { url: "URI", PARAMETERS } }
      """
          .replace("NAME", name)
          .replace("URI", uri.toString())
          .replace("PARAMETERS", parameters);
    }

    private static void collect() throws IOException {
      collector = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
      collector.createContext(
          "/v1/traces",
          exchange -> {
            byte[] body = exchange.getRequestBody().readAllBytes();
            SPANS.add(new String(body, StandardCharsets.ISO_8859_1));
            exchange.getResponseHeaders().set("content-type", "application/x-protobuf");
            exchange.sendResponseHeaders(200, -1);
            exchange.close();
          });
      collector.start();
    }
  }

  @Inject Settings settings;
  @Inject Gateway gateway;

  @TestHTTPResource("/")
  URI management;

  @AfterAll
  static void stop() throws IOException {
    for (ScriptedServer each : SERVERS) {
      each.close();
    }
    collector.stop(0);
  }

  private static String body(String model, String fields) {
    return "{\"model\":\"%s\",%s\"user\":\"%s\",\"messages\":[{\"role\":\"user\",\"content\":\"%s\"}]}"
        .formatted(model, fields, PROMPT, PROMPT);
  }

  private static String[] headers(String key) {
    return new String[] {
      "authorization: Bearer " + key,
      "x-api-key: " + key,
      "cookie: session=" + HEADER,
      "x-session-id: " + HEADER,
      "x-odd: " + HEADER,
      "traceparent: " + HEADER,
      "tracestate: " + HEADER,
      "baggage: " + HEADER,
      "user-agent: " + HEADER,
      "referer: " + HEADER,
      "x-caravan-explain: true"
    };
  }

  /** All that comes back; it breaks off where the answer does. */
  private String send(String path, String body, String... headers) throws IOException {
    try (RawHttp client = new RawHttp(settings.http().port())) {
      String[] closing = Arrays.copyOf(headers, headers.length + 1);
      closing[headers.length] = "connection: close";
      client.post(path, body, closing);
      String answer = client.head().text();
      try {
        return answer + client.rest();
      } catch (SocketException cut) {
        return answer;
      }
    }
  }

  /** Every end that there is; gives back the errors that are the gateway's own. */
  private List<String> everyEnd() throws IOException {
    String chat = "/v1/chat/completions";
    List<String> errors = new ArrayList<>();
    List<Integer> passed = List.of(0, 1, 4, 6, 8); // what a server says is its client's
    for (int i = 0; i < ANSWERS.size(); i++) {
      for (String fields : List.of("", "\"stream\":true,")) {
        String answer = send(chat, body("m" + i, fields), headers(KEY));
        assertThat(answer).startsWith("HTTP/1.1 ");
        if (answer.startsWith("HTTP/1.1 5") && !passed.contains(i)) {
          errors.add(answer);
        }
      }
    }
    assertThat(send(chat, body("forwarded", ""), headers(KEY))).startsWith("HTTP/1.1 401");
    errors.add(send(chat, body("nobody", ""), headers(KEY)));
    errors.add(send(chat, body("no-such-model", ""), headers(KEY)));
    errors.add(send(chat, body("m0", ""), headers("canary-unknown-key")));
    errors.add(send(chat, body("m0", ""), "authorization: Bearer eyJ.canary.canary"));
    errors.add(send(chat, body("m0", ""), "authorization: Canary canary"));
    errors.add(send(chat, "{\"model\":\"m0\",\"messages\":\"" + PROMPT, headers(KEY)));
    errors.add(send(chat, "{\"model\":7,\"messages\":\"" + PROMPT + "\"}", headers(KEY)));
    errors.add(send(chat, body("m0", "\"max_tokens\":2000000,"), headers(KEY)));
    errors.add(send("/v1/" + PROMPT + "?q=" + PROMPT, body("m0", ""), headers(KEY)));
    errors.add(
        send(chat + "?key=" + KEY, body("m0", "\"max_tokens\":\"" + PROMPT + "\","), headers(KEY)));
    errors.add(send(chat, body("m0", ""), "x-api-key: " + KEY, "content-encoding: " + HEADER));
    errors.add(send(chat, body("m0", ""), "x-api-key: " + KEY, "x-caravan-timeout-ms: " + HEADER));
    try (RawHttp leaves = new RawHttp(settings.http().port())) {
      leaves.post(chat, body("m14", "\"stream\":true,"), "x-api-key: " + KEY);
      leaves.head();
      leaves.reset();
    }
    return errors;
  }

  private String managed(String path) throws IOException {
    try (RawHttp client = new RawHttp(management.getPort())) {
      return client
          .get(path, "authorization: Bearer " + ADMIN, "connection: close")
          .answer()
          .text();
    }
  }

  @Test
  void nothingThatClientsOrServersSay_isInWhatIsKept() throws Exception {
    Logger root = Logger.getLogger("");
    List<Logger> loggers =
        List.of(
            Logger.getLogger("dev.caravan"),
            Logger.getLogger("org.apache.camel"),
            Logger.getLogger("io.netty"));
    List<Level> levels = new ArrayList<>();
    for (Logger each : loggers) {
      levels.add(each.getLevel());
      each.setLevel(Level.ALL);
    }
    List<String> errors;
    List<String> lines = new ArrayList<>();
    try (CapturedLog own = CapturedLog.of("dev.caravan");
        CapturedLog camel = CapturedLog.of("org.apache.camel");
        CapturedLog netty = CapturedLog.of("io.netty");
        CapturedLog rest = CapturedLog.of(root.getName())) {
      errors = everyEnd();
      await().atMost(LONG).until(() -> gateway.ingress().requests() == 0);
      for (CapturedLog each : List.of(own, camel, netty, rest)) {
        lines.addAll(each.lines());
      }
      assertThat(camel.lines()).as("the log was open").anyMatch(l -> l.startsWith("DEBUG"));
    } finally {
      for (int i = 0; i < levels.size(); i++) {
        loggers.get(i).setLevel(levels.get(i));
      }
    }
    assertThat(SERVERS.get(0).requests())
        .as("the prompt came through, with the server's key")
        .filteredOn(r -> !r.text().isEmpty()) // others ask for its health
        .isNotEmpty()
        .allMatch(r -> r.text().contains(PROMPT))
        .allMatch(r -> r.head().all("authorization").contains("Bearer " + SERVER_KEY));
    assertThat(lines).as("logs").isNotEmpty().noneMatch(line -> line.contains("canary"));
    assertThat(errors).as("errors").hasSizeGreaterThan(20).noneMatch(e -> e.contains("canary"));
    int requests = errors.size();
    await().atMost(LONG).until(() -> Files.readAllLines(ACCESS_LOG).size() >= requests);
    assertThat(Files.readString(ACCESS_LOG)).contains("acme").doesNotContain("canary");
    await().atMost(LONG).until(() -> String.join("", SPANS).contains("m14"));
    assertThat(String.join("", SPANS)).as("spans").contains("m0", "m1").doesNotContain("canary");
    for (String path :
        List.of(
            "/q/metrics",
            "/q/health",
            "/admin/overview",
            "/admin/servers",
            "/admin/limits",
            "/admin/clients",
            "/admin/decisions",
            "/admin/explain?pool=m0",
            "/admin/configuration",
            "/admin/routes")) {
      String shown = managed(path);
      assertThat(shown).as(path).hasSizeGreaterThan(40).doesNotContain("canary-");
    }
    assertThat(managed("/admin/decisions")).as("some were explained").contains("m0-1");
    assertThat(managed("/admin/configuration")).contains("caravan.limits.redis.url", "***@");
  }
}
