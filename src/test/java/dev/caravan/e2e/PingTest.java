package dev.caravan.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.http.StreamResponse;
import com.openai.models.chat.completions.ChatCompletionChunk;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import dev.caravan.simulator.Fault;
import dev.caravan.simulator.SimulatedServer;
import dev.caravan.testing.RawHead;
import dev.caravan.testing.RawHttp;
import dev.caravan.testing.ScriptedServer;
import dev.langchain4j.model.chat.response.ChatResponse;
import java.io.IOException;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Comments on quiet streams: between events, before the first token, and never where unwanted. */
class PingTest extends EndToEnd {
  private static final String PING = ": ping\n\n";
  private static final String A = "data: {\"a\":1}\n\n";
  private static final String END = "data: [DONE]\n\n";
  private static final String WHOLE_HEAD = "HTTP/1.1 %s\r\ncontent-type: %s\r\n";

  private static String pinging(String interval, URI uri) {
    return PoolYaml.of(PoolYaml.MODEL).parameters("ping: " + interval).server("only", uri).text();
  }

  /** What comes until the first chunk that is not a ping, which is returned. */
  private static String skipPings(RawHttp client) throws IOException {
    String text = client.chunk().text();
    while (text.equals(PING)) {
      text = client.chunk().text();
    }
    return text;
  }

  private static void awaitPings(RawHttp client, int count) throws IOException {
    for (int i = 0; i < count; i++) {
      assertThat(client.chunk().text()).isEqualTo(PING);
    }
  }

  private RawHttp asked() throws IOException {
    RawHttp client = client();
    client.post(Chat.PATH, Chat.stream("hello", 5));
    return client;
  }

  private static void isHeadOfAPing(RawHead head) {
    assertThat(head.status()).isEqualTo(200);
    assertThat(head.header("content-type")).isEqualTo("text/event-stream");
    assertThat(head.header("transfer-encoding")).isEqualTo("chunked");
    assertThat(head.header("x-accel-buffering")).isEqualTo("no");
    assertThat(head.header("x-request-id")).isNotEmpty();
    assertThat(head.header("x-caravan-backend")).isEqualTo("none");
  }

  @Test
  void silenceBeforeTheFirstToken_isBroken_andTheStreamFollows() throws Exception {
    CountDownLatch goOn = new CountDownLatch(1);
    ScriptedServer server =
        scripted(
            (peer, connection) -> {
              while (peer.request() != null) {
                goOn.await();
                peer.send(StreamTest.STREAM_HEAD);
                peer.chunk(A);
                peer.chunk(END);
                peer.chunk("");
              }
            });
    start(pinging("50ms", server.uri()));
    RawHttp client = asked();
    isHeadOfAPing(client.head());
    awaitPings(client, 3);
    goOn.countDown();
    assertThat(skipPings(client)).isEqualTo(A);
    assertThat(skipPings(client)).isEqualTo(END);
    assertThat(client.chunk().bytes()).isEmpty();
    client.get("/v1/models"); // the connection goes on
    assertThat(client.answer().status()).isEqualTo(200);
    await().atMost(LONG).until(() -> gateway().accessLog().size() == 2);
    assertThat(gateway().accessLog().get(0))
        .contains("\"status\":200", "\"outcome\":\"completed\"", "\"backend\":\"only\"");
  }

  @Test
  void silenceBetweenEvents_isBroken_neverThatWithinOne() throws Exception {
    CountDownLatch inside = new CountDownLatch(1);
    CountDownLatch rest = new CountDownLatch(1);
    ScriptedServer server =
        scripted(
            (peer, connection) -> {
              peer.request();
              peer.send(StreamTest.STREAM_HEAD);
              peer.chunk(A);
              if (connection == 1) {
                inside.await();
                peer.chunk("data: {\"b\":");
                rest.await();
                peer.chunk("2}\n");
                peer.chunk("\n" + END);
                peer.chunk("");
              }
              peer.awaitLeft();
            });
    start(pinging("30ms", server.uri()));
    RawHttp client = asked();
    assertThat(client.head().header("x-caravan-backend")).isEqualTo("only");
    assertThat(client.chunk().text()).isEqualTo(A);
    awaitPings(client, 2);
    inside.countDown();
    assertThat(skipPings(client)).isEqualTo("data: {\"b\":");
    RawHttp clock = asked(); // of the same interval: when it has many pings, there was time for one
    clock.head();
    assertThat(clock.chunk().text()).isEqualTo(A);
    awaitPings(clock, 10);
    rest.countDown();
    assertThat(client.chunk().text()).as("nothing within the event").isEqualTo("2}\n");
    assertThat(client.chunk().text()).isEqualTo("\n" + END);
    assertThat(skipPings(client)).isEmpty();
  }

  @Test
  void failureBeforeTheFirstPing_hasItsStatus() throws Exception {
    SimulatedServer server = simulated("only");
    start(pinging("10m", server.uri()));
    server.fault(new Fault.Status(503));
    RawHttp.Answer answer = ask(Chat.stream("hello", 5));
    assertThat(answer.status()).isEqualTo(503);
    assertThat(answer.head().header("x-should-retry")).isEqualTo("true");
    server.fault(new Fault.Status(400));
    assertThat(ask(Chat.stream("hello", 5)).status()).isEqualTo(400);
  }

  /** The one event, beside pings, that an answer has whose head was a ping's. */
  private static JsonNode onlyEvent(RawHttp client) throws Exception {
    RawHead head = client.head();
    isHeadOfAPing(head);
    List<String> events = Chat.events(new RawHttp.Answer(head, client.body(head)).text());
    assertThat(events).hasSize(1);
    return Chat.json(events.get(0)).path("error");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "503 Busy; application/json; {}; /code; no_server_available",
        "400 Bad; application/json; {\"error\":|^ {\"code\":\"too_long\"}}; /code; too_long",
        "400 Bad; application/json; {\"object\":\"error\",|\"code\":400}; /code; 400",
        "422 No; application/json; [{\"error\":1}]; /code; bad_gateway",
        "500 No; application/json; {\"error\":{\"code\":\"x\"}} {}; /code; bad_gateway",
        "500 No; text/html; <h1>Oops</h1>; /message; The model server answered with status 500.",
        "200 OK; application/json; {\"id\":1}; /message; The model server did not answer with a"
            + " stream.",
        "200 OK; application/json; {\"error\":{\"code\":\"odd\"}}; /code; odd",
      })
  void answerThatIsNoStream_afterAPing_isAnErrorEvent(
      String status, String type, String body, String where, String value) throws Exception {
    String sent = body.replace('|', '\n').replace('^', '\r');
    CountDownLatch goOn = new CountDownLatch(1);
    ScriptedServer server =
        scripted(
            (peer, connection) -> {
              peer.request();
              goOn.await();
              peer.send(String.format(WHOLE_HEAD, status, type));
              peer.send("content-length: " + sent.length() + "\r\n\r\n" + sent);
              peer.awaitLeft();
            });
    start(pinging("20ms", server.uri()));
    RawHttp client = asked();
    RawHttp clock = asked();
    clock.head();
    awaitPings(clock, 1);
    clock.close();
    await().atMost(LONG).until(() -> client.in().available() > 0);
    goOn.countDown();
    JsonNode error = onlyEvent(client);
    assertThat(error.at(where).asText()).isEqualTo(value);
    assertThat(error.toString()).doesNotContain("127.0.0.1");
  }

  @Test
  void errorOfMoreThanAnEngineSays_afterAPing_isToldShort() throws Exception {
    CountDownLatch goOn = new CountDownLatch(1);
    String large = "{\"error\":\"" + "x".repeat(100_000) + "\"}";
    ScriptedServer server =
        scripted(
            (peer, connection) -> {
              peer.request();
              goOn.await();
              peer.send(ScriptedServer.whole(500, large));
              peer.awaitLeft();
            });
    start(pinging("20ms", server.uri()));
    RawHttp client = asked();
    await().atMost(LONG).until(() -> client.in().available() > 0);
    goOn.countDown();
    assertThat(onlyEvent(client).at("/code").asText()).isEqualTo("bad_gateway");
  }

  @Test
  void streamOfKnownLength_afterAPing_isPassedOnInChunks() throws Exception {
    CountDownLatch goOn = new CountDownLatch(1);
    ScriptedServer server =
        scripted(
            (peer, connection) -> {
              peer.request();
              goOn.await();
              peer.send(String.format(WHOLE_HEAD, "200 OK", "text/event-stream"));
              peer.send("content-length: " + (A + END).length() + "\r\n\r\n" + A + END);
              peer.awaitLeft();
            });
    start(pinging("20ms", server.uri()));
    RawHttp client = asked();
    await().atMost(LONG).until(() -> client.in().available() > 0);
    goOn.countDown();
    RawHead head = client.head();
    assertThat(new String(client.body(head), java.nio.charset.StandardCharsets.UTF_8))
        .endsWith(A + END);
  }

  @Test
  void serverThatNeverAnswers_afterPings_isAnErrorEvent_andTheNextOneIsAskedBefore()
      throws Exception {
    SimulatedServer hung = simulated("hung");
    SimulatedServer well = simulated("well");
    start(
        PoolYaml.of(PoolYaml.MODEL)
            .parameters("ping: 20ms")
            .balancer("weighted")
            .server("hung", hung.uri(), "weight: 256", "firstTokenTimeout: 300ms")
            .server("well", well.uri(), "firstTokenTimeout: 300ms")
            .text());
    hung.fault(new Fault.HangBeforeHead());
    RawHttp client = asked();
    RawHead head = client.head();
    isHeadOfAPing(head);
    String text = new RawHttp.Answer(head, client.body(head)).text();
    assertThat(text).startsWith(PING).endsWith(END);
    well.fault(new Fault.HangBeforeHead());
    assertThat(onlyEvent(asked()).at("/code").asText()).isEqualTo("timeout");
  }

  @Test
  void clientThatLeaves_whilePinged_isAbortedAtTheServer() throws Exception {
    SimulatedServer server = simulated("only");
    start(pinging("20ms", server.uri()));
    server.fault(new Fault.HangBeforeHead());
    RawHttp client = asked();
    client.head();
    awaitPings(client, 2);
    client.close();
    await().atMost(LONG).until(() -> server.aborted() == 1);
    await().atMost(LONG).until(() -> gateway().accessLog().size() == 1);
    assertThat(gateway().accessLog().get(0)).contains("\"client_gone\"");
  }

  @Test
  void drain_cutsAPingedRequest_withAnErrorEvent() throws Exception {
    SimulatedServer server = simulated("only");
    start(pinging("20ms", server.uri()), Map.of("caravan.shutdown.timeout", "100ms"));
    server.fault(new Fault.HangBeforeHead());
    RawHttp client = asked();
    await().atMost(LONG).until(() -> client.in().available() > 0);
    gateway().drain();
    assertThat(onlyEvent(client).at("/code").asText()).isEqualTo("gateway_shutdown");
    assertThat(client.closed()).isTrue();
  }

  @Test
  void pings_areForStreamsOfHttp11Alone() throws Exception {
    CountDownLatch goOn = new CountDownLatch(1);
    ScriptedServer server =
        scripted(
            (peer, connection) -> {
              peer.request();
              if (connection <= 2) {
                goOn.await();
                peer.send(StreamTest.STREAM_HEAD);
                peer.chunk(A);
                peer.chunk("");
              }
              peer.awaitLeft();
            });
    start(pinging("20ms", server.uri()));
    RawHttp whole = client();
    whole.post(Chat.PATH, Chat.whole("hello"));
    RawHttp old = client();
    String body = Chat.stream("hello", 5);
    await().atMost(LONG).until(() -> server.requests().size() == 1);
    old.send(
        "POST " + Chat.PATH + " HTTP/1.0\r\ncontent-length: " + body.length() + "\r\n\r\n" + body);
    await().atMost(LONG).until(() -> server.requests().size() == 2);
    RawHttp clock = asked();
    clock.head();
    awaitPings(clock, 10);
    goOn.countDown();
    assertThat(whole.answer().text()).isEqualTo(A);
    assertThat(old.answer().text()).isEqualTo(A);
  }

  // ---- real clients

  private SimulatedServer slowAndPinged() throws Exception {
    SimulatedServer server = simulated(SimulatedServer.builder(vertx).name("only").speedup(2));
    start(
        pinging("3ms", server.uri()),
        Map.of("caravan.http.idle-timeout", "1s")); // the JDK's client keeps its connections
    RawHttp client = client();
    client.post(Chat.PATH, Chat.stream("hello", 20));
    RawHttp.Answer answer = client.answer();
    assertThat(answer.text()).startsWith(PING).endsWith(END);
    client.close();
    return server;
  }

  @Test
  void openAiClient_readsAPingedStream() throws Exception {
    slowAndPinged();
    OpenAIClient client =
        OpenAIOkHttpClient.builder().baseUrl(gateway().baseUrl()).apiKey("x").maxRetries(0).build();
    ChatCompletionCreateParams chat =
        ChatCompletionCreateParams.builder()
            .model(PoolYaml.MODEL)
            .addUserMessage("Hello, größer 🐪")
            .maxCompletionTokens(40)
            .build();
    try (StreamResponse<ChatCompletionChunk> stream =
        client.chat().completions().createStreaming(chat)) {
      String streamed =
          stream.stream()
              .flatMap(chunk -> chunk.choices().stream())
              .map(choice -> choice.delta().content().orElse(""))
              .collect(Collectors.joining());
      String whole =
          client.chat().completions().create(chat).choices().get(0).message().content().orElse("");
      assertThat(streamed).isEqualTo(whole).isNotEmpty();
    }
    client.close();
  }

  @Test
  void langChain4j_readsAPingedStream() throws Exception {
    slowAndPinged();
    List<String> partial = new ArrayList<>();
    CompletableFuture<ChatResponse> whole =
        LangChain4jStream.read(gateway().baseUrl(), "Hello, größer 🐪", 40, partial::add);
    assertThat(whole.get(20, TimeUnit.SECONDS).aiMessage().text())
        .isEqualTo(String.join("", partial))
        .isNotEmpty();
  }
}
