package dev.caravan.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.caravan.simulator.Fault;
import dev.caravan.simulator.SimulatedServer;
import dev.caravan.testing.CapturedLog;
import dev.caravan.testing.RawHead;
import dev.caravan.testing.RawHttp;
import dev.caravan.testing.ScriptedServer;
import java.io.EOFException;
import java.net.ConnectException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The gateway is told to stop: what runs ends well, as far as there is time. */
class DrainTest extends EndToEnd {
  private @Nullable Thread draining;

  @AfterEach
  void drained() throws Exception {
    if (draining != null) {
      draining.interrupt(); // goes on at once
      draining.join();
    }
  }

  private Thread drain() {
    Thread thread = new Thread(gateway()::drain, "drain");
    draining = thread;
    thread.start();
    await().atMost(LONG).until(gateway()::draining);
    return thread;
  }

  private static void isRefused(RawHttp.Answer answer) throws Exception {
    assertThat(answer.status()).as(answer.text()).isEqualTo(503);
    assertThat(answer.head().header("connection")).isEqualTo("close");
    assertThat(answer.head().header("retry-after")).isEqualTo("1");
    assertThat(answer.head().header("x-should-retry")).isEqualTo("true");
    assertThat(Chat.json(answer.body()).at("/error/code").asText()).isEqualTo("gateway_shutdown");
  }

  private void awaitPortClosed() {
    await()
        .atMost(LONG)
        .untilAsserted(
            () ->
                assertThatThrownBy(() -> new RawHttp(gateway().port()).close())
                    .isInstanceOf(ConnectException.class));
  }

  @Test
  void delay_servesOn_andEndsEachConnectionWithItsAnswer() throws Exception {
    SimulatedServer server = simulated("only");
    start(PoolYaml.single(server.uri()), Map.of("caravan.shutdown.delay", "10m"));
    RawHttp kept = client();
    kept.post(Chat.PATH, Chat.whole("hello"));
    assertThat(kept.answer().head().header("connection")).isNull();
    drain();
    kept.post(Chat.PATH, Chat.stream("hello", 5));
    RawHttp.Answer streamed = kept.answer();
    assertThat(streamed.status()).isEqualTo(200);
    assertThat(streamed.text()).endsWith("data: [DONE]\n\n");
    assertThat(streamed.head().header("connection")).isEqualTo("close");
    assertThat(kept.closed()).isTrue();
    RawHttp another = client(); // the port still accepts
    another.get("/v1/models");
    RawHttp.Answer models = another.answer();
    assertThat(models.status()).isEqualTo(200);
    assertThat(models.head().header("connection")).isEqualTo("close");
    assertThat(another.closed()).isTrue();
  }

  @Test
  void streams_goOnToTheirEnd_whileNothingNewIsTaken() throws Exception {
    CountDownLatch goOn = new CountDownLatch(1);
    ScriptedServer server =
        scripted(
            (peer, connection) -> {
              peer.request();
              peer.send(StreamTest.STREAM_HEAD);
              peer.chunk("data: {\"a\":1}\n\n");
              goOn.await();
              peer.chunk("data: [DONE]\n\n");
              peer.chunk("");
            });
    start(PoolYaml.single(server.uri()), Map.of("caravan.shutdown.timeout", "10m"));
    List<RawHttp> streams = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      RawHttp client = client();
      client.post(Chat.PATH, Chat.stream("hello", 5));
      RawHead head = client.head();
      assertThat(head.status()).isEqualTo(200);
      assertThat(client.chunk().text()).isEqualTo("data: {\"a\":1}\n\n");
      streams.add(client);
    }
    RawHttp begun = client();
    begun.send("POST " + Chat.PATH + " HTTP/1.1\r\nhost: h\r\n");
    await().atMost(LONG).until(() -> gateway().connections() == 21);
    Thread drain = drain();
    awaitPortClosed();
    begun.send("content-length: 2\r\n\r\n{}");
    isRefused(begun.answer());
    assertThat(begun.closed()).isTrue();
    assertThat(drain.isAlive()).isTrue();
    goOn.countDown();
    for (RawHttp client : streams) {
      assertThat(client.chunk().text()).isEqualTo("data: [DONE]\n\n");
      assertThat(client.chunk().bytes()).isEmpty();
      assertThat(client.closed()).isTrue();
      client.close();
    }
    begun.close();
    drain.join(LONG.toMillis());
    assertThat(drain.isAlive()).as("it ends as soon as nothing runs").isFalse();
  }

  @Test
  void whatStillRunsAfterTheTimeout_isCutHonestly_andHeldAgainstNoServer() throws Exception {
    SimulatedServer server = simulated("only");
    start(
        PoolYaml.of(PoolYaml.MODEL)
            .breaker("minimumNumberOfCalls: 1, slidingWindowSize: 2")
            .server("only", server.uri())
            .text(),
        Map.of("caravan.shutdown.timeout", "300ms"));
    server.fault(new Fault.HangMidStream(3));
    RawHttp streaming = client();
    streaming.post(Chat.PATH, Chat.stream("hello", 20));
    RawHead head = streaming.head();
    assertThat(head.status()).isEqualTo(200);
    server.heal();
    server.fault(new Fault.HangBeforeHead());
    RawHttp waiting = client();
    waiting.post(Chat.PATH, Chat.stream("hello", 20));
    await().atMost(LONG).until(() -> gateway().inflight() == 2);
    RawHttp sending = client();
    sending.send("POST " + Chat.PATH + " HTTP/1.1\r\nhost: h\r\ncontent-length: 100\r\n\r\n{");
    await()
        .atMost(LONG)
        .until(() -> gateway().meters().get("caravan.requests.inflight").gauge().value() == 3);
    try (CapturedLog log = CapturedLog.of("dev.caravan")) {
      drain().join(LONG.toMillis());
      assertThat(log.lines())
          .anyMatch(line -> line.contains("Draining: 3 requests running"))
          .anyMatch(line -> line.contains("3 requests were cut after 300 ms"));
    }
    List<String> events = Chat.events(new RawHttp.Answer(head, streaming.body(head)).text());
    String last = events.get(events.size() - 1);
    assertThat(Chat.json(last).at("/error/code").asText()).isEqualTo("gateway_shutdown");
    assertThat(events).doesNotContain("[DONE]");
    assertThat(streaming.closed()).isTrue();
    isRefused(waiting.answer());
    isRefused(sending.answer());
    await().atMost(LONG).until(() -> server.aborted() == 2);
    assertThat(
            gateway()
                .meters()
                .get("caravan.backend.attempts")
                .tag("cause", "gateway")
                .counters()
                .stream()
                .mapToDouble(counter -> counter.count())
                .sum())
        .isEqualTo(2);
    assertThat(
            gateway().meters().get("caravan.breaker.state").tag("state", "closed").gauge().value())
        .as("the server is not to blame")
        .isEqualTo(1);
  }

  @Test
  void answerInOnePieceThatIsCut_endsEarly() throws Exception {
    ScriptedServer server =
        scripted(
            (peer, connection) -> {
              peer.request();
              peer.send("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"half\":");
              peer.awaitLeft();
            });
    start(PoolYaml.single(server.uri()), Map.of("caravan.shutdown.timeout", "100ms"));
    RawHttp client = client();
    client.post(Chat.PATH, Chat.whole("hello"));
    RawHead head = client.head();
    drain();
    assertThatThrownBy(() -> client.body(head)).isInstanceOf(EOFException.class);
    await().atMost(LONG).until(() -> server.left() == 1);
  }

  @Test
  void nothingRuns_idleConnectionsAreClosed_andItIsOver() throws Exception {
    SimulatedServer server = simulated("only");
    start(PoolYaml.single(server.uri()), Map.of("caravan.shutdown.timeout", "10m"));
    RawHttp idle = client();
    idle.post(Chat.PATH, Chat.whole("hello"));
    assertThat(idle.answer().status()).isEqualTo(200);
    Thread drain = drain();
    assertThat(idle.closed()).isTrue();
    drain.join(LONG.toMillis());
    assertThat(drain.isAlive()).isFalse();
    awaitPortClosed();
  }
}
