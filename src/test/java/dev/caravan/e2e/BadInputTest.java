package dev.caravan.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.caravan.TestGateway;
import dev.caravan.simulator.SimulatedServer;
import dev.caravan.testing.CapturedLog;
import dev.caravan.testing.NoLeaks;
import dev.caravan.testing.RawHttp;
import io.vertx.core.Vertx;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Requests that are wrong, as bytes: each is answered at once, in the API's shape, without an echo
 * of what was sent, and no server hears of it. What each sends wrong holds the word canary.
 */
@ExtendWith(NoLeaks.class)
class BadInputTest {
  private static final int MAX_BODY = 64 * 1024;
  private static final String POST = "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\n";
  private static final String MODELS = "GET /v1/models HTTP/1.1\r\nhost: x\r\n\r\n";

  private static final String PICTURE =
      "{\"model\":\"llama-3.1-8b\",\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":"
          + "\"image_url\",\"image_url\":{\"url\":\"";

  private static Vertx vertx;
  private static SimulatedServer server;
  private static TestGateway gateway;
  private static CapturedLog log;

  /** What is sent and which status it gets. */
  private record Case(String name, String bytes, int status, @Nullable String param) {
    @Override
    public String toString() {
      return name;
    }
  }

  @BeforeAll
  static void start() throws Exception {
    vertx = Vertx.vertx();
    log = CapturedLog.of("dev.caravan");
    server = SimulatedServer.builder(vertx).speedup(100).build().startAndWait();
    gateway =
        TestGateway.start(
            PoolYaml.single(server.uri()),
            Map.of("caravan.http.max-body", Integer.toString(MAX_BODY)));
  }

  @AfterAll
  static void stop() {
    gateway.close();
    server.close();
    log.close();
    vertx.close().toCompletionStage().toCompletableFuture().join();
  }

  @AfterEach
  void noServerHeardOfIt_andNothingWasLogged() {
    assertThat(server.received()).isZero();
    // Of TLS on this port the operator is told, once in a while: it is often a wrong setting.
    assertThat(log.lines())
        .filteredOn(line -> !line.contains("speaks TLS"))
        .noneMatch(line -> line.startsWith("ERROR") || line.startsWith("WARN"));
  }

  private static Case head(String name, String bytes, int status) {
    return new Case(name, bytes, status, null);
  }

  private static Case body(String name, String json, @Nullable String param) {
    return new Case(
        name, POST + "content-length: " + json.length() + "\r\n\r\n" + json, 400, param);
  }

  private static Case path(String target, int status) {
    return head(
        target, "POST " + target + " HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}", status);
  }

  private static Case method(String method, String path) {
    String request = method + " " + path + " HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n";
    return head(method + " " + path, request, 405);
  }

  static Stream<Case> heads() {
    String json = "{\"model\":\"canary\"}";
    String sized = "content-length: " + json.length() + "\r\n";
    return Stream.of(
        head("no HTTP", "canary\r\n\r\n", 400),
        head("a TLS hello", "\u0016\u0003\u0001\u0000\u0005canary\r\n\r\n", 400),
        head("no target", "POST\r\n\r\n", 400),
        head("NUL in a value", POST + "user-agent: can\u0000ary\r\n" + sized + "\r\n" + json, 400),
        head("NUL in the target", "GET /v1/mod\u0000els HTTP/1.1\r\nhost: x\r\n\r\n", 400),
        head("folded", POST + "x-a: b\r\n canary: c\r\n" + sized + "\r\n" + json, 400),
        head("CR in a value", POST + "x-a: b\rcanary: c\r\n" + sized + "\r\n" + json, 400),
        head("bare LF", POST + "x-a: b\ncanary: c\r\n" + sized + "\r\n" + json, 400),
        head("tab for space", "GET\t/v1/models HTTP/1.1\r\nhost: x\r\n\r\n", 400),
        head("space before a colon", POST + "x-canary : a\r\n" + sized + "\r\n" + json, 400),
        head("no name", POST + ": canary\r\n" + sized + "\r\n" + json, 400),
        head("no Host", "GET /v1/models HTTP/1.1\r\n\r\n", 400),
        head("two Hosts", "GET /v1/models HTTP/1.1\r\nhost: x\r\nhost: canary\r\n\r\n", 400),
        head("both framings", POST + sized + "transfer-encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        head("two lengths", POST + sized + "content-length: 3\r\n\r\n" + json, 400),
        head("one length twice", POST + sized + sized + "\r\n" + json, 400),
        head("length list", POST + "content-length: 2, 2\r\n\r\n{}", 400),
        head("length +2", POST + "content-length: +2\r\n\r\n{}", 400),
        head("length -2", POST + "content-length: -2\r\n\r\n{}", 400),
        head("length 0x2", POST + "content-length: 0x2\r\n\r\n{}", 400),
        head("length of 30 digits", POST + "content-length: " + "9".repeat(30) + "\r\n\r\n", 400),
        head("gzip coding", POST + "transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
        head("unknown coding", POST + "transfer-encoding: canary\r\n\r\n", 501),
        head(
            "chunks in HTTP/1.0",
            "POST /v1/completions HTTP/1.0\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
            400),
        head("HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
        head("HTTP/3.0", "GET /v1/models HTTP/3.0\r\nhost: x\r\n\r\n", 505),
        head("long line", "GET /canary" + "y".repeat(9_000) + " HTTP/1.1\r\nhost: x\r\n\r\n", 414),
        head("large header", POST + "x-canary: " + "y".repeat(40_000) + "\r\n\r\n", 431),
        head("many headers", POST + "x-canary: yyyy\r\n".repeat(4_000) + "\r\n", 431),
        head("large body", POST + "content-length: " + (MAX_BODY + 1) + "\r\n\r\n", 413),
        head("huge body", POST + "content-length: 99999999999\r\n\r\n", 413),
        head(
            "large body in chunks",
            POST
                + "transfer-encoding: chunked\r\n\r\n"
                + ("1000\r\n" + "y".repeat(4096) + "\r\n").repeat(20),
            413),
        head(
            "large body that waits",
            POST + "expect: 100-continue\r\ncontent-length: " + (MAX_BODY + 1) + "\r\n\r\n",
            413),
        head("bad chunk size", POST + "transfer-encoding: chunked\r\n\r\ncanary\r\n{}\r\n", 400),
        head("huge chunk size", POST + "transfer-encoding: chunked\r\n\r\nFFFFFFFFFF\r\n{}", 400),
        head("negative chunk size", POST + "transfer-encoding: chunked\r\n\r\n-2\r\n{}\r\n", 400),
        head(
            "a body for nobody that waits",
            "POST /canary HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\n" + sized + "\r\n",
            404),
        head("odd expectation", POST + "expect: canary\r\n" + sized + "\r\n" + json, 417),
        head("gzip body", POST + "content-encoding: gzip\r\n" + sized + "\r\n" + json, 415));
  }

  static Stream<Case> targets() {
    return Stream.of(
        path("/", 404),
        path("/canary", 404),
        path("//v1/chat/completions", 404),
        path("/v1//chat/completions", 404),
        path("/v1/../v1/chat/completions", 404),
        path("/v1/chat/completions/", 404),
        path("/v1/chat/completions/..", 404),
        path("/v1/chat/completions;canary=1", 404),
        path("/v1/chat%2fcompletions", 404),
        path("/v1/chat/%63ompletions", 404),
        path("/V1/chat/completions", 404),
        path("/v1/%zz", 404),
        path("/v1/a|b", 404),
        path("/v1/\u00e9\u00ff", 404),
        path("/v1", 404),
        path("/v1/modelscanary", 404),
        path("/q/metrics", 404),
        path("http://canary/elsewhere", 404),
        path("canary:80", 400),
        path("*", 400),
        path("v1/chat/completions", 400),
        head("unknown model", "GET /v1/models/canary HTTP/1.1\r\nhost: x\r\n\r\n", 404),
        head("model %zz", "GET /v1/models/%zzcanary HTTP/1.1\r\nhost: x\r\n\r\n", 404),
        head("model ..", "GET /v1/models/../models HTTP/1.1\r\nhost: x\r\n\r\n", 404),
        method("GET", "/v1/chat/completions"),
        method("PUT", "/v1/completions"),
        method("DELETE", "/v1/embeddings"),
        method("OPTIONS", "/v1/chat/completions"),
        method("TRACE", "/v1/chat/completions"),
        method("CANARY", "/v1/chat/completions"),
        method("POST", "/v1/models"),
        method("DELETE", "/v1/models/llama-3.1-8b"),
        head("CONNECT", "CONNECT canary:443 HTTP/1.1\r\nhost: canary\r\n\r\n", 400));
  }

  static Stream<Case> bodies() {
    String deep = "[".repeat(20_000);
    return Stream.of(
        body("nothing", "", null),
        body("white space", "  \r\n ", null),
        body("no JSON", "canary", null),
        body("cut short", "{\"model\":\"llama-3.1-8b\",\"messages\":[{\"canary", null),
        body("cut short in a picture", PICTURE + "canary", null),
        body("cut short behind a backslash", PICTURE + "canary\\", null),
        body("two values", "{\"model\":\"llama-3.1-8b\"} {\"canary\":1}", null),
        body("an array", "[\"canary\"]", null),
        body("a form", "model=llama-3.1-8b&messages=canary", null),
        body("no model", "{\"messages\":\"canary\"}", "model"),
        body("model null", "{\"model\":null}", "model"),
        body("model a number", "{\"model\":7}", "model"),
        body("model an object", "{\"model\":{\"canary\":1}}", "model"),
        body("model empty", "{\"model\":\"\"}", "model"),
        body("model with a line break", "{\"model\":\"canary\\r\\nx: y\"}", "model"),
        body("model too long", "{\"model\":\"" + "y".repeat(5_000) + "\"}", "model"),
        body("deep", "{\"model\":\"llama-3.1-8b\",\"messages\":" + deep, null),
        body(
            "deep and whole",
            "{\"model\":\"llama-3.1-8b\",\"x\":" + deep + "]".repeat(20_000) + "}",
            null),
        body("bad UTF-8", "{\"model\":\"llama-3.1-8b\",\"messages\":\"\u00ff\u00fe\"}", null),
        body("control character", "{\"model\":\"llama-3.1-8b\",\"x\":\"\u0001\"}", null),
        body("NaN", "{\"model\":\"llama-3.1-8b\",\"temperature\":NaN}", null),
        body("comment", "{\"model\":\"llama-3.1-8b\"/* canary */}", null),
        body("stream a text", "{\"model\":\"llama-3.1-8b\",\"stream\":\"canary\"}", "stream"));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource({"heads", "targets", "bodies"})
  void wrongRequest_isAnswered(Case wrong) throws Exception {
    try (RawHttp client = new RawHttp(gateway.port())) {
      client.send(wrong.bytes());
      RawHttp.Answer answer = client.answer();
      assertThat(answer.status()).as(answer.text()).isEqualTo(wrong.status());
      isAnError(answer, wrong.param());
      if (wrong.status() == 405) {
        assertThat(answer.head().header("allow"))
            .isEqualTo(wrong.name().contains("models") ? "GET" : "POST");
      }
      if (answer.head().is("connection", "close")) {
        assertThat(client.closed()).isTrue();
      } else {
        client.send(MODELS);
        assertThat(client.answer().status()).as("the next on this connection").isEqualTo(200);
      }
    }
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource({"heads", "targets", "bodies"})
  void wrongRequest_byteForByte_isAnsweredTheSame(Case wrong) throws Exception {
    if (wrong.bytes().length() > 2_000) {
      return; // nothing more is shown by it
    }
    List<Integer> statuses = new ArrayList<>();
    try (RawHttp client = new RawHttp(gateway.port())) {
      for (char one : wrong.bytes().toCharArray()) {
        try {
          client.send(String.valueOf(one));
        } catch (java.io.IOException answeredAlready) {
          break;
        }
      }
      statuses.add(client.answer().status());
    }
    assertThat(statuses).containsExactly(wrong.status());
  }

  static void isAnError(RawHttp.Answer answer, @Nullable String param) throws Exception {
    assertThat(answer.head().header("content-type")).isEqualTo("application/json");
    assertThat(answer.head().header("x-request-id")).isNotBlank();
    assertThat(answer.head().header("x-caravan-backend")).isEqualTo("none");
    assertThat(answer.head().header("x-caravan-attempts")).isEqualTo("0");
    JsonNode error = Chat.json(answer.body()).path("error");
    assertThat(error.path("message").asText()).isNotBlank();
    assertThat(error.path("type").asText()).isEqualTo("invalid_request_error");
    assertThat(error.has("param") && error.has("code")).isTrue();
    if (param != null) {
      assertThat(error.path("param").asText()).isEqualTo(param);
    }
    assertThat(answer.head().text() + answer.text())
        .doesNotContainIgnoringCase("canary")
        .doesNotContain("Exception", "java.", "netty", "camel");
  }
}
