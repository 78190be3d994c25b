package dev.caravan.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.caravan.simulator.ReceivedRequest;
import dev.caravan.simulator.SimulatedServer;
import dev.caravan.testing.RawHead;
import dev.caravan.testing.RawHttp;
import dev.caravan.testing.ScriptedServer;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Requests that are slow, unusual or crafty rather than wrong. */
class OddInputTest extends EndToEnd {
  private static final String LIST = "GET /v1/models HTTP/1.1\r\nhost: x\r\n\r\n";

  @SuppressWarnings("NullAway.Init") // each test starts it
  private SimulatedServer server;

  private void startOne(Map<String, String> properties) throws Exception {
    server = simulated("only");
    start(PoolYaml.single(server.uri()), properties);
  }

  private void startOne() throws Exception {
    startOne(Map.of());
  }

  @Test
  void slowHead_is408() throws Exception {
    startOne(Map.of("caravan.http.head-timeout", "300ms"));
    RawHttp client = client();
    client.send(LIST);
    assertThat(client.answer().status()).isEqualTo(200);
    client.send("GET /v1/models HTTP/1.1\r\nho");
    RawHttp.Answer answer = client.answer();
    assertThat(answer.status()).isEqualTo(408);
    assertThat(Chat.json(answer.body()).at("/error/code").asText()).isEqualTo("timeout");
    assertThat(client.closed()).isTrue();
  }

  @Test
  void slowBody_is408() throws Exception {
    startOne(Map.of("caravan.http.body-timeout", "300ms"));
    RawHttp client = client();
    client.send(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 50\r\n\r\n{\"mod");
    RawHttp.Answer answer = client.answer();
    assertThat(answer.status()).isEqualTo(408);
    assertThat(Chat.json(answer.body()).at("/error/code").asText()).isEqualTo("timeout");
    assertThat(client.closed()).isTrue();
    assertThat(server.received()).isZero();
  }

  @Test
  void silentConnection_isClosedAfterTheIdleTimeout() throws Exception {
    startOne(Map.of("caravan.http.idle-timeout", "300ms"));
    RawHttp client = client();
    client.send(LIST);
    assertThat(client.answer().status()).isEqualTo(200);
    assertThat(client.rest()).isEmpty();
  }

  @Test
  void longAnswer_isNotCutByTheClientsTimeouts() throws Exception {
    server = simulated(SimulatedServer.builder(vertx).speedup(1).stepFactor(10));
    start(
        PoolYaml.single(server.uri()),
        Map.of(
            "caravan.http.idle-timeout", "300ms",
            "caravan.http.head-timeout", "300ms",
            "caravan.http.body-timeout", "300ms",
            "caravan.http.write-timeout", "300ms"));
    assertThat(ask(Chat.stream("hello", 15)).text()).endsWith("data: [DONE]\n\n");
  }

  @Test
  void bodyTooLarge_whileItIsStillBeingSent_isAnsweredAndNotReset() throws Exception {
    startOne(Map.of("caravan.http.max-body", "1000"));
    RawHttp client = client();
    client.send("POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 300000\r\n\r\n");
    client.send("y".repeat(300_000));
    assertThat(client.answer().status()).isEqualTo(413);
    assertThat(client.closed()).isTrue();
  }

  @Test
  void head_getsTheHeadOfTheList_withoutItsBody() throws Exception {
    startOne();
    RawHttp client = client();
    client.send("HEAD /v1/models HTTP/1.1\r\nhost: x\r\n\r\n" + LIST);
    RawHttp.Answer head = client.answerToHead();
    RawHttp.Answer get = client.answer();
    assertThat(head.status()).isEqualTo(200);
    assertThat(head.head().header("content-length"))
        .isEqualTo(get.head().header("content-length"))
        .isEqualTo(Integer.toString(get.body().length));
  }

  @Test
  void models_areThePoolsAndTheirAliases() throws Exception {
    server = simulated("only");
    start(PoolYaml.of("org/model:7b").aliases("gpt-4o").server("only", server.uri()).text());
    RawHttp client = client();
    client.get("/v1/models?limit=1");
    assertThat(Chat.json(client.answer().body()).at("/data").findValuesAsText("id"))
        .containsExactly("gpt-4o", "org/model:7b");
    for (String path : List.of("/v1/models/org/model:7b", "/v1/models/org%2Fmodel%3A7b")) {
      client.get(path);
      RawHttp.Answer one = client.answer();
      assertThat(one.status()).as(path).isEqualTo(200);
      assertThat(Chat.json(one.body()).path("id").asText()).isEqualTo("org/model:7b");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/v1/chat/completions?CamelHttpUri=http://127.0.0.1:PORT/&kafka.TOPIC=canary",
        "/v1/chat/completions?CamelHttpPath=/canary&JMSDestination=canary#canary",
        "http://127.0.0.1:PORT/v1/chat/completions?canary=1"
      })
  void target_thatWantsToChooseTheDestination_chooses_nothing(String target) throws Exception {
    startOne();
    ScriptedServer evil = closing(ScriptedServer.answering(ScriptedServer.whole(200, "canary")));
    RawHttp client = client();
    client.post(
        target.replace("PORT", Integer.toString(evil.port())),
        Chat.whole("hello"),
        "CamelHttpUri: " + evil.uri(),
        "CamelHttpPath: /canary",
        "CamelHttpQuery: canary=1",
        "CamelHttpMethod: DELETE",
        "CamelNettyCloseChannelWhenComplete: true",
        "org.apache.camel.canary: canary",
        "kafka.OVERRIDE_TOPIC: canary",
        "JMSReplyTo: canary",
        "breadcrumbId: canary");
    RawHttp.Answer answer = client.answer();
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.head().text() + answer.text()).doesNotContain("canary");
    assertThat(evil.connections()).isZero();
    ReceivedRequest received = server.requests().get(0);
    assertThat(received.path()).isEqualTo("/v1/chat/completions");
    assertThat(received.method()).isEqualTo("POST");
    assertThat(received.headers().toString()).doesNotContain("canary", "amel");
  }

  @Test
  void pageOfAnotherSite_mayNotAsk_whereThePortIsForThisMachine() throws Exception {
    startOne();
    assertThat(ask(Chat.whole("hello"), "origin: https://evil.example").status()).isEqualTo(403);
    assertThat(server.received()).isZero();
  }

  @Test
  void pageOfAnotherSite_mayAsk_whereThePortIsForAll() throws Exception {
    startOne(Map.of("caravan.http.open", "true"));
    assertThat(ask(Chat.whole("hello"), "origin: https://evil.example").status()).isEqualTo(200);
  }

  @Test
  void foldedHeader_isRefused() throws Exception {
    startOne();
    String body = Chat.whole("hello");
    RawHttp client = client();
    client.send(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nuser-agent: a\r\n x-evil: canary\r\n"
            + "content-length: "
            + body.length()
            + "\r\n\r\n"
            + body);
    assertThat(client.answer().status()).isEqualTo(400);
    assertThat(client.closed()).isTrue();
    assertThat(server.received()).isZero();
  }

  @Test
  void bareLineFeeds_areAnswered_andSmuggleNothing() throws Exception {
    startOne();
    RawHttp client = client();
    client.send(
        "POST /v1/chat/completions HTTP/1.1\nhost: x\nuser-agent: a\nx-evil: canary\n"
            + "content-length: 2\n\n{}");
    assertThat(client.answer().status()).isEqualTo(400);
    assertThat(server.received()).isZero();
  }

  @Test
  void requestBehindAFatalOne_isNotRead() throws Exception {
    startOne();
    RawHttp client = client();
    client.send(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\n"
            + "transfer-encoding: chunked\r\n\r\n0\r\n\r\n"
            + LIST);
    RawHead head = client.head();
    assertThat(head.status()).isEqualTo(400);
    assertThat(head.is("connection", "close")).isTrue();
    client.body(head);
    assertThat(client.rest()).isEmpty();
  }

  @Test
  void hugeNumbersAndDuplicates_areForwardedAsTheyAre() throws Exception {
    startOne();
    String body =
        "{\"model\":\"llama-3.1-8b\",\"seed\":"
            + "9".repeat(500)
            + ",\"x\":1e99999,\"max_tokens\":3,\"messages\":[{\"role\":\"user\",\"content\":\"a\"}]}";
    RawHttp.Answer answer = ask(body);
    assertThat(answer.status()).isIn(200, 400);
    assertThat(server.requests()).allMatch(request -> request.text().equals(body));
  }

  @Test
  void manyConnections_openedAndClosed_leaveNothing() throws Exception {
    startOne();
    for (int i = 0; i < 200; i++) {
      try (RawHttp client = new RawHttp(gateway().port())) {
        switch (i % 4) {
          case 0 -> client.send(LIST);
          case 1 ->
              client.send(
                  "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n{");
          case 2 -> client.send("GET /v1/mo");
          default -> client.reset();
        }
      }
    }
    await().atMost(LONG).until(() -> gateway().connections() == 0);
  }
}
