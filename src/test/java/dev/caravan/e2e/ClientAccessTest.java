package dev.caravan.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.caravan.simulator.SimulatedServer;
import dev.caravan.tenant.Digest;
import dev.caravan.testing.RawHttp;
import dev.caravan.testing.ScriptedServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Clients show credentials, and get what these allow. */
class ClientAccessTest extends EndToEnd {
  private static final String ACME = "canary-key-of-acme";
  private static final String BETA = "canary-key-of-beta";
  private static final String OTHER = "other-model";

  @TempDir Path directory;

  private Map<String, String> keys(String... entries) throws IOException {
    Path file = directory.resolve("clients.json");
    write(file, entries);
    Map<String, String> properties = new HashMap<>();
    properties.put("caravan.clients.file", file.toString());
    return properties;
  }

  private static void write(Path file, String... entries) throws IOException {
    Path beside =
        Files.writeString(
            file.resolveSibling("new"), "{\"keys\":[" + String.join(",", entries) + "]}");
    Files.move(
        beside,
        file,
        java.nio.file.StandardCopyOption.ATOMIC_MOVE,
        java.nio.file.StandardCopyOption.REPLACE_EXISTING);
  }

  private static String entry(String tenant, String key, String more) {
    return "{\"id\":\"%s-1\",\"tenant\":\"%s\",\"sha256\":\"%s\"%s}"
        .formatted(tenant, tenant, Digest.of(key).hex(), more);
  }

  private static String acme() {
    return entry("acme", ACME, "");
  }

  private String pools() {
    SimulatedServer server = simulated("a");
    return PoolYaml.of(PoolYaml.MODEL).server("a", server.uri()).text();
  }

  private static String code(RawHttp.Answer answer) throws IOException {
    return new ObjectMapper().readTree(answer.text()).path("error").path("code").asText();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "authorization: Bearer " + ACME,
        "Authorization: bearer " + ACME,
        "x-api-key: " + ACME,
        "API-Key: " + ACME,
      })
  void request_withAKey_inAnyOfTheHeaders_isAnswered(String header) throws Exception {
    start(pools(), keys(acme()));
    assertThat(ask(Chat.whole("hello"), header).status()).isEqualTo(200);
    await().atMost(LONG).until(() -> gateway().accessLog().size() == 1);
    String line = gateway().accessLog().get(0);
    assertThat(line).contains("\"tenant\":\"acme\"", "\"key\":\"acme-1\"").doesNotContain(ACME);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "x-other: 1 | There is no API key | Bearer",
        "authorization: Basic dTpw | no API key and no token | Bearer",
        "authorization: Bearer | no API key and no token | Bearer",
        "authorization: Bearer nobody | not valid here | Bearer error=\"invalid_token\"",
        "authorization: Bearer eyJhbGciOiJub25lIn0.e30. | not valid here | Bearer error=\"invalid_token\"",
        "x-api-key: nobody | not valid here | Bearer error=\"invalid_token\"",
      })
  void request_withoutAKey_is401_andNothingIsSent(String header, String said, String challenge)
      throws Exception {
    SimulatedServer server = simulated("a");
    start(PoolYaml.of(PoolYaml.MODEL).server("a", server.uri()).text(), keys(acme()));
    RawHttp.Answer answer = ask(Chat.whole("hello"), header);
    assertThat(answer.status()).isEqualTo(401);
    assertThat(answer.head().header("www-authenticate")).isEqualTo(challenge);
    assertThat(code(answer)).isEqualTo("invalid_api_key");
    assertThat(answer.text()).contains(said).doesNotContain("nobody");
    assertThat(server.requests()).isEmpty();
    double denied =
        gateway().meters().find("caravan.credentials.denied").functionCounters().stream()
            .mapToDouble(c -> c.count())
            .sum();
    assertThat(denied).isEqualTo(1);
  }

  @Test
  void request_withTwoKeysThatDiffer_is401_andTheSameTwiceIsOne() throws Exception {
    start(pools(), keys(acme(), entry("beta", BETA, "")));
    RawHttp.Answer both =
        ask(Chat.whole("hello"), "authorization: Bearer " + ACME, "x-api-key: " + BETA);
    assertThat(both.status()).isEqualTo(401);
    assertThat(both.text()).contains("two API keys");
    assertThat(
            ask(Chat.whole("hello"), "authorization: Bearer " + ACME, "x-api-key: " + ACME)
                .status())
        .isEqualTo(200);
  }

  @Test
  void request_withAKeyOf20Kilobytes_is401() throws Exception {
    start(pools(), keys(acme()));
    assertThat(ask(Chat.whole("hello"), "x-api-key: " + "k".repeat(20_000)).status())
        .isEqualTo(401);
  }

  @Test
  void request_refused_keepsTheConnection_andExpectGetsNoContinue() throws Exception {
    start(pools(), keys(acme()));
    try (RawHttp client = new RawHttp(gateway().port())) {
      assertThat(client.post(Chat.PATH, Chat.whole("hello")).answer().status()).isEqualTo(401);
      assertThat(
              client.post(Chat.PATH, Chat.whole("hello"), "x-api-key: " + ACME).answer().status())
          .isEqualTo(200);
      client.send(
          """
          POST /v1/chat/completions HTTP/1.1\r
          host: h\r
          expect: 100-continue\r
          content-length: 10\r
          \r
          """);
      assertThat(client.answer().status()).isEqualTo(401);
    }
  }

  @Test
  void pools_thatAKeyMayNotUse_doNotExistForIt() throws Exception {
    SimulatedServer server = simulated("a");
    SimulatedServer second = simulated("b");
    start(
        PoolYaml.of(PoolYaml.MODEL).server("a", server.uri()).text()
            + PoolYaml.of(OTHER).server("b", second.uri()).text(),
        keys(acme(), entry("beta", BETA, ",\"pools\":[\"" + OTHER + "\"]")));
    RawHttp.Answer denied = ask(Chat.whole("hello"), "x-api-key: " + BETA);
    RawHttp.Answer unknown =
        ask(Chat.whole("hello").replace(PoolYaml.MODEL, "nothing"), "x-api-key: " + BETA);
    assertThat(denied.status()).isEqualTo(404);
    assertThat(denied.text()).isEqualTo(unknown.text());
    assertThat(ask(Chat.whole("hello"), "x-api-key: " + ACME).status()).isEqualTo(200);
    try (RawHttp client = new RawHttp(gateway().port())) {
      String all = client.get("/v1/models", "x-api-key: " + ACME).answer().text();
      assertThat(all).contains(PoolYaml.MODEL, OTHER);
      String some = client.get("/v1/models", "x-api-key: " + BETA).answer().text();
      assertThat(some).contains(OTHER).doesNotContain(PoolYaml.MODEL);
      assertThat(client.get("/v1/models/" + PoolYaml.MODEL, "x-api-key: " + BETA).answer().status())
          .isEqualTo(404);
      assertThat(client.get("/v1/models").answer().status()).isEqualTo(401);
    }
  }

  @Test
  void key_takenOutOfTheFile_is401_andWhatRunsEnds() throws Exception {
    SimulatedServer server = simulated(SimulatedServer.builder(vertx).name("a").speedup(10));
    start(PoolYaml.of(PoolYaml.MODEL).server("a", server.uri()).text(), keys(acme()));
    try (RawHttp streaming = new RawHttp(gateway().port())) {
      streaming.post(Chat.PATH, Chat.stream("hello", 200), "x-api-key: " + ACME);
      assertThat(streaming.head().status()).isEqualTo(200);
      write(directory.resolve("clients.json"), entry("beta", BETA, ""));
      await()
          .atMost(LONG)
          .until(() -> ask(Chat.whole("again"), "x-api-key: " + ACME).status() == 401);
      gateway().awaitIdle();
    }
    assertThat(gateway().accessLog())
        .anyMatch(line -> line.contains("\"stream\":true") && line.contains("\"completed\""));
  }

  @Test
  void credentials_ofTheClient_areNeverSentOn_norTheCookie() throws Exception {
    ScriptedServer server = closing(ScriptedServer.answering(ScriptedServer.whole(200, "{}")));
    start(PoolYaml.of(PoolYaml.MODEL).server("a", server.uri()).text(), keys(acme()));
    for (String header : List.of("authorization: Bearer ", "x-api-key: ", "api-key: ")) {
      assertThat(ask(Chat.whole("hello"), header + ACME, "cookie: s=canary").status())
          .isEqualTo(200);
    }
    assertThat(server.requests()).hasSize(3);
    assertThat(server.requests())
        .allSatisfy(
            request ->
                assertThat(request.head().toString().toLowerCase(java.util.Locale.ROOT))
                    .doesNotContain("canary", "authorization", "api-key", "cookie"));
  }

  @Test
  void explain_isByKey_whereThereAreKeys() throws Exception {
    Map<String, String> properties = keys(acme(), entry("beta", BETA, ",\"explain\":true"));
    properties.put("caravan.explain.header", "true");
    start(pools(), properties);
    String ask = "x-caravan-explain: true";
    assertThat(ask(Chat.whole("x"), ask, "x-api-key: " + ACME).head().header("x-caravan-explain"))
        .isNull();
    assertThat(ask(Chat.whole("x"), ask, "x-api-key: " + BETA).head().header("x-caravan-explain"))
        .isNotNull();
  }
}
