package dev.caravan.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caravan.simulator.ReceivedRequest;
import dev.caravan.simulator.SimulatedServer;
import dev.caravan.testing.RawHead;
import dev.caravan.testing.RawHttp;
import dev.caravan.testing.ScriptedServer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What model servers get of a request: every byte of the body, and of the head what is allowed. */
class RequestTest extends EndToEnd {
  private static final String ODD =
      " { \"messages\" : [ {\"role\":\"user\",\"content\":\"größer \\u00fc 🐪\"} ],\r\n\t\"model\":"
          + "\"llama-3.1-8b\", \"unknown\": [1e5, -0.0, null], \"max_tokens\" : 4 }\n ";

  private ReceivedRequest only(SimulatedServer server) {
    List<ReceivedRequest> requests = server.requests(Chat.PATH);
    assertThat(requests).hasSize(1);
    return requests.get(0);
  }

  @Test
  void body_goesOnByteForByte() throws Exception {
    SimulatedServer server = simulated("only");
    start(PoolYaml.single(server.uri()));
    assertThat(ask(ODD).status()).isEqualTo(200);
    assertThat(only(server).text()).isEqualTo(ODD);
  }

  @Test
  void body_inChunksCutWithinCharacters_goesOnByteForByte() throws Exception {
    SimulatedServer server = simulated("only");
    start(PoolYaml.single(server.uri()));
    RawHttp client = client();
    client.send(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n");
    byte[] body = ODD.getBytes(StandardCharsets.UTF_8);
    for (int at = 0; at < body.length; at += 3) {
      int length = Math.min(3, body.length - at);
      client.send(length + ";x=y\r\n");
      client.send(java.util.Arrays.copyOfRange(body, at, at + length)).send("\r\n");
    }
    client.send("0\r\nx-trailer: dropped\r\n\r\n");
    assertThat(client.answer().status()).isEqualTo(200);
    assertThat(only(server).text()).isEqualTo(ODD);
    assertThat(only(server).header("x-trailer")).isEmpty();
    assertThat(only(server).header("content-length")).contains(Integer.toString(body.length));
  }

  @Test
  void body_withoutContentType_isTakenAsJson() throws Exception {
    SimulatedServer server = simulated("only");
    start(PoolYaml.single(server.uri()));
    for (String type : List.of("", "content-type: application/x-www-form-urlencoded\r\n")) {
      server.forgetRequests();
      RawHttp client = client();
      client.send("POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\n" + type + "content-length: ");
      byte[] body = ODD.getBytes(StandardCharsets.UTF_8);
      client.send(body.length + "\r\n\r\n").send(body);
      assertThat(client.answer().status()).isEqualTo(200);
      assertThat(only(server).text()).isEqualTo(ODD);
      assertThat(only(server).header("content-type")).contains("application/json");
    }
  }

  @Test
  void body_thatWaitsForContinue_isAskedFor() throws Exception {
    SimulatedServer server = simulated("only");
    start(PoolYaml.single(server.uri()));
    RawHttp client = client();
    byte[] body = ODD.getBytes(StandardCharsets.UTF_8);
    client.send(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: "
            + body.length
            + "\r\n\r\n");
    assertThat(client.head().text()).isEqualTo("HTTP/1.1 100 Continue\r\n\r\n");
    client.send(body);
    assertThat(client.answer().status()).isEqualTo(200);
    assertThat(only(server).text()).isEqualTo(ODD);
    assertThat(only(server).header("expect")).isEmpty();
  }

  @Test
  void prompt_ofOneMebibyte_goesOnByteForByte() throws Exception {
    SimulatedServer server =
        simulated(SimulatedServer.builder(vertx).speedup(1_000).maxModelTokens(1_000_000));
    start(PoolYaml.single(server.uri()));
    String body = Chat.whole("wörter und 🐪 ".repeat(1 << 16));
    assertThat(body.getBytes(StandardCharsets.UTF_8).length).isGreaterThan(1 << 20);
    RawHttp.Answer answer = ask(body);
    assertThat(answer.status()).as(answer.text()).isEqualTo(200);
    assertThat(only(server).text()).isEqualTo(body);
  }

  @Test
  void alias_changesTheModelAndNothingElse() throws Exception {
    SimulatedServer server = simulated("only");
    start(
        PoolYaml.of(PoolYaml.MODEL)
            .aliases("gpt-4o-mini,other")
            .server("only", server.uri())
            .text());
    String asked = ODD.replace("\"llama-3.1-8b\"", "\"gpt-4o-mini\"");
    assertThat(ask(asked).status()).isEqualTo(200);
    assertThat(only(server).text()).isEqualTo(ODD);
  }

  @Test
  void model_ofTheServersOwnName_isWhatTheServerIsAskedFor() throws Exception {
    SimulatedServer server = simulated(SimulatedServer.builder(vertx).models("/models/lla\"ma"));
    start(PoolYaml.single(server.uri(), "model: '/models/lla\"ma'"));
    assertThat(ask(ODD).status()).isEqualTo(200);
    assertThat(only(server).text())
        .isEqualTo(ODD.replace("\"llama-3.1-8b\"", "\"/models/lla\\\"ma\""));
  }

  @Test
  void connections_areKeptOnBothSides() throws Exception {
    SimulatedServer server = simulated("only");
    start(PoolYaml.single(server.uri()));
    RawHttp client = client();
    for (int i = 0; i < 20; i++) {
      client.post(Chat.PATH, i % 2 == 0 ? Chat.whole("n" + i) : Chat.stream("n" + i, 5));
      assertThat(client.answer().status()).isEqualTo(200);
    }
    assertThat(server.requests(Chat.PATH).stream().map(ReceivedRequest::connectionId).distinct())
        .hasSize(1);
    assertThat(gateway().connections()).isEqualTo(1);
  }

  @Test
  void pipelinedRequests_areAnsweredInOrder() throws Exception {
    SimulatedServer server = simulated("only");
    start(PoolYaml.single(server.uri()));
    StringBuilder all = new StringBuilder();
    for (int i = 0; i < 40; i++) {
      String body = i % 3 == 0 ? Chat.stream("n" + i, 9) : Chat.whole("n" + i);
      all.append("POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nx-request-id: id-").append(i);
      all.append("\r\ncontent-length: ").append(body.length()).append("\r\n\r\n").append(body);
      all.append("GET /v1/models HTTP/1.1\r\nhost: x\r\nx-request-id: list-").append(i);
      all.append("\r\n\r\n");
    }
    RawHttp client = client();
    client.send(all.toString());
    for (int i = 0; i < 40; i++) {
      RawHttp.Answer chat = client.answer();
      assertThat(chat.head().header("x-request-id")).isEqualTo("id-" + i);
      assertThat(chat.status()).isEqualTo(200);
      RawHttp.Answer list = client.answer();
      assertThat(list.head().header("x-request-id")).isEqualTo("list-" + i);
      assertThat(list.text()).contains("\"llama-3.1-8b\"");
    }
    List<String> order =
        server.requests(Chat.PATH).stream().map(r -> r.header("x-request-id").orElse("")).toList();
    assertThat(order).isEqualTo(IntStream.range(0, 40).mapToObj(i -> "id-" + i).toList());
  }

  @Test
  void requestId_isTakenOverOrMade_andReturned() throws Exception {
    SimulatedServer server = simulated("only");
    start(PoolYaml.single(server.uri()));
    assertThat(ask(ODD, "x-request-id: mine-1").head().header("x-request-id")).isEqualTo("mine-1");
    assertThat(only(server).header("x-request-id")).contains("mine-1");
    server.forgetRequests();
    String made = ask(ODD, "x-request-id: <script>").head().header("x-request-id");
    assertThat(made).matches("[A-Za-z0-9_-]{22}");
    assertThat(only(server).header("x-request-id")).contains(made);
  }

  @Test
  void headers_outsideTheAllowList_stayAtTheDoor() throws Exception {
    SimulatedServer server = simulated("only");
    start(PoolYaml.single(server.uri()));
    RawHttp.Answer answer =
        ask(
            ODD,
            "authorization: Bearer canary",
            "cookie: canary=1",
            "x-api-key: canary",
            "x-forwarded-for: canary",
            "CamelHttpUri: http://canary/",
            "kafka.TOPIC: canary",
            "JMSDestination: canary",
            "x-caravan-backend: canary",
            "x-session-id: kept",
            "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "connection: x-session-id, keep-alive",
            "user-agent: agent/1");
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.head().text() + answer.text()).doesNotContain("canary");
    ReceivedRequest received = only(server);
    assertThat(received.headers().toString()).doesNotContain("canary");
    assertThat(received.header("user-agent")).contains("agent/1");
    assertThat(received.header("traceparent")).isPresent();
    assertThat(received.headers().stream().map(h -> h.getKey().toLowerCase(java.util.Locale.ROOT)))
        .isSubsetOf(
            "host",
            "content-type",
            "content-length",
            "user-agent",
            "traceparent",
            "x-session-id",
            "x-request-id");
  }

  @Test
  void answersHeaders_hopByHopAndOurOwnNames_stayBehind() throws Exception {
    ScriptedServer server =
        closing(
            ScriptedServer.answering(
                ScriptedServer.whole(
                    200,
                    "{}",
                    "connection: keep-alive, x-secret-hop",
                    "x-secret-hop: canary",
                    "keep-alive: timeout=canary",
                    "x-caravan-backend: canary",
                    "x-caravan-attempts: canary",
                    "x-request-id: canary",
                    "proxy-authenticate: canary",
                    "trailer: canary",
                    "upgrade: canary",
                    "x-passed: yes",
                    "set-cookie: a=1",
                    "set-cookie: b=2")));
    start(PoolYaml.single(server.uri()));
    RawHead head = ask(ODD).head();
    assertThat(head.text()).doesNotContain("canary");
    assertThat(head.header("x-passed")).isEqualTo("yes");
    assertThat(head.all("set-cookie")).containsExactly("a=1", "b=2");
    assertThat(head.header("x-caravan-backend")).isEqualTo("only");
    assertThat(head.header("x-caravan-attempts")).isEqualTo("1");
  }

  @Test
  void apiKeyOfTheServer_goesToIt_andTheClientsDoesNot() throws Exception {
    java.nio.file.Path key = java.nio.file.Files.createTempFile("key", "");
    java.nio.file.Files.writeString(key, "server-key\n");
    SimulatedServer server = simulated("only");
    start(PoolYaml.single(server.uri(), "apiKey: \"file:" + key + "\""));
    assertThat(ask(ODD, "authorization: Bearer client-key").status()).isEqualTo(200);
    assertThat(only(server).header("authorization")).contains("Bearer server-key");
    java.nio.file.Files.delete(key);
  }

  @Test
  void http10_getsAnAnswerThatEndsWithTheConnection() throws Exception {
    SimulatedServer server = simulated("only");
    start(PoolYaml.single(server.uri()));
    RawHttp client = client();
    String body = Chat.stream("hello", 5);
    client.send(
        "POST /v1/chat/completions HTTP/1.0\r\ncontent-length: "
            + body.length()
            + "\r\n\r\n"
            + body);
    RawHead head = client.head();
    assertThat(head.header("transfer-encoding")).isNull();
    assertThat(client.rest()).endsWith("data: [DONE]\n\n").startsWith("data: {");
  }
}
