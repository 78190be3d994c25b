package dev.caravan.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.caravan.fleet.Availability;
import dev.caravan.fleet.ServerState;
import dev.caravan.simulator.ArmedFault;
import dev.caravan.simulator.Fault;
import dev.caravan.simulator.ReceivedRequest;
import dev.caravan.simulator.SimulatedServer;
import dev.caravan.testing.RawHttp;
import dev.caravan.testing.ScriptedServer;
import dev.caravan.testing.Together;
import dev.caravan.time.Ticker;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

/** A second server is asked where the first token is late, and only one of them answers. */
class HedgeTest extends EndToEnd {
  private static final String FIRST = "weight: 256";
  private static final String EAGER =
      "minimumNumberOfCalls: 2, slidingWindowSize: 2, failureRateThreshold: 1,"
          + " waitDurationInOpenState: 600";
  private static final String STREAM =
      "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";

  @SuppressWarnings("NullAway.Init") // by each test
  private SimulatedServer sick;

  @SuppressWarnings("NullAway.Init") // by each test
  private SimulatedServer well;

  private void startTwo(String... parameters) throws Exception {
    sick = simulated("sick");
    well = simulated("well");
    start(
        PoolYaml.of(PoolYaml.MODEL)
            .balancer("weighted")
            .breaker(EAGER)
            .parameters(parameters)
            .server("sick", sick.uri(), FIRST)
            .server("well", well.uri())
            .text());
  }

  private double hedges(String result) {
    return gateway().meters().get("caravan.hedges").tag("result", result).counter().count();
  }

  private double allHedges() {
    return gateway().meters().get("caravan.hedges").counters().stream()
        .mapToDouble(counter -> counter.count())
        .sum();
  }

  @Test
  void firstTokenLate_theSecondAnswers_andTheFirstIsStopped() throws Exception {
    startTwo("hedge: 100ms", "hedgeBudget: 100");
    sick.fault(new Fault.HangBeforeFirstToken());
    for (int i = 1; i <= 3; i++) {
      RawHttp.Answer answer = ask(Chat.stream("hello", 5));
      assertThat(answer.status()).isEqualTo(200);
      assertThat(Chat.events(answer.text())).endsWith("[DONE]");
      assertThat(answer.head().header("x-caravan-backend")).isEqualTo("well");
      assertThat(answer.head().header("x-caravan-attempts")).isEqualTo("2");
      int stopped = i;
      await().atMost(LONG).until(() -> sick.aborted() == stopped && sick.running() == 0);
    }
    assertThat(sick.requests(Chat.PATH)).allMatch(r -> r.end() == ReceivedRequest.End.ABORTED);
    assertThat(hedges("won")).isEqualTo(3);
    // Its breaker would be open by now if that had counted as failures.
    sick.heal();
    assertThat(ask(Chat.stream("hello", 5)).head().header("x-caravan-backend")).isEqualTo("sick");
    await().atMost(LONG).until(() -> gateway().accessLog().size() == 4);
    assertThat(gateway().accessLog().get(0))
        .contains("\"attempts\":2", "\"backend\":\"well\"", "\"outcome\":\"completed\"");
    assertThat(
            gateway()
                .meters()
                .get("caravan.backend.attempts")
                .tags("backend", "sick", "outcome", "superseded")
                .counter()
                .count())
        .isEqualTo(3);
  }

  @Test
  void firstIsStillFaster_theSecondIsStopped() throws Exception {
    CountDownLatch hedged = new CountDownLatch(1);
    ScriptedServer slow =
        scripted(
            (peer, connection) -> {
              peer.request();
              hedged.await();
              peer.send(STREAM);
              peer.chunk("data: {\"from\":\"slow\"}\n\ndata: [DONE]\n\n");
              peer.chunk("");
            });
    ScriptedServer slower =
        scripted(
            (peer, connection) -> {
              peer.request();
              hedged.countDown();
              peer.awaitLeft();
            });
    start(
        PoolYaml.of(PoolYaml.MODEL)
            .balancer("weighted")
            .parameters("hedge: 50ms")
            .server("slow", slow.uri(), FIRST)
            .server("slower", slower.uri())
            .text());
    RawHttp.Answer answer = ask(Chat.stream("hello", 5));
    assertThat(Chat.events(answer.text())).containsExactly("{\"from\":\"slow\"}", "[DONE]");
    assertThat(answer.head().header("x-caravan-backend")).isEqualTo("slow");
    assertThat(answer.head().header("x-caravan-attempts")).isEqualTo("2");
    await().atMost(LONG).until(() -> slower.left() == 1);
    assertThat(hedges("lost")).isEqualTo(1);
  }

  @Test
  void firstTokenInTime_asksNobodyElse() throws Exception {
    startTwo("hedge: 10s");
    for (int i = 0; i < 5; i++) {
      RawHttp.Answer answer = ask(Chat.stream("n" + i, 5));
      assertThat(answer.head().header("x-caravan-backend")).isEqualTo("sick");
      assertThat(answer.head().header("x-caravan-attempts")).isEqualTo("1");
    }
    assertThat(well.received()).isZero();
    assertThat(allHedges()).isZero();
  }

  @Test
  void answerInOnePiece_isNotHedged() throws Exception {
    startTwo("hedge: 1ms", "hedgeBudget: 100", "firstTokenTimeout: 400ms");
    sick.fault(new Fault.HangBeforeHead());
    assertThat(ask(Chat.whole("hello")).head().header("x-caravan-backend")).isEqualTo("well");
    assertThat(allHedges()).isZero();
  }

  @Test
  void bothFail_theRoadGoesOn() throws Exception {
    CountDownLatch hedged = new CountDownLatch(1);
    ScriptedServer first =
        scripted(
            (peer, connection) -> {
              peer.request();
              hedged.await();
              peer.reset();
            });
    ScriptedServer second =
        scripted(
            (peer, connection) -> {
              peer.request();
              hedged.countDown();
              peer.reset();
            });
    SimulatedServer third = simulated("third");
    start(
        PoolYaml.of(PoolYaml.MODEL)
            .balancer("weighted")
            .parameters("hedge: 100ms", "attempts: 2")
            .server("first", first.uri(), "weight: 256")
            .server("second", second.uri(), "weight: 16")
            .server("third", third.uri())
            .text());
    RawHttp.Answer answer = ask(Chat.stream("hello", 5));
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.head().header("x-caravan-backend")).isEqualTo("third");
    assertThat(answer.head().header("x-caravan-attempts")).isEqualTo("3");
    assertThat(hedges("lost")).isEqualTo(1);
  }

  @Test
  void firstFailsWhileTheSecondRuns_theSecondAnswers() throws Exception {
    CountDownLatch hedged = new CountDownLatch(1);
    CountDownLatch failed = new CountDownLatch(1);
    ScriptedServer first =
        scripted(
            (peer, connection) -> {
              peer.request();
              hedged.await();
              peer.reset();
              failed.countDown();
            });
    ScriptedServer second =
        scripted(
            (peer, connection) -> {
              peer.request();
              hedged.countDown();
              failed.await();
              peer.send(STREAM);
              peer.chunk("data: [DONE]\n\n");
              peer.chunk("");
            });
    start(
        PoolYaml.of(PoolYaml.MODEL)
            .balancer("weighted")
            .parameters("hedge: 100ms")
            .server("first", first.uri(), FIRST)
            .server("second", second.uri())
            .text());
    RawHttp.Answer answer = ask(Chat.stream("hello", 5));
    assertThat(Chat.events(answer.text())).containsExactly("[DONE]");
    assertThat(answer.head().header("x-caravan-backend")).isEqualTo("second");
    assertThat(hedges("won")).isEqualTo(1);
  }

  @Test
  void everyServerFails_theLastErrorIsTold() throws Exception {
    startTwo("hedge: 100ms");
    sick.fault(new Fault.Status(503, 7));
    well.fault(new Fault.Status(503, 7));
    RawHttp.Answer answer = ask(Chat.stream("hello", 5));
    assertThat(answer.status()).isEqualTo(503);
    assertThat(answer.head().header("retry-after")).isEqualTo("7");
    assertThat(answer.head().header("x-caravan-attempts")).isEqualTo("2");
  }

  @Test
  void clientThatLeaves_stopsBoth() throws Exception {
    startTwo("hedge: 50ms");
    sick.fault(new Fault.HangBeforeFirstToken());
    well.fault(new Fault.HangBeforeHead());
    RawHttp client = client();
    client.post(Chat.PATH, Chat.stream("hello", 5));
    await().atMost(LONG).until(() -> sick.running() == 1 && well.running() == 1);
    client.close();
    await().atMost(LONG).until(() -> sick.aborted() == 1 && well.aborted() == 1);
    gateway().awaitIdle();
    await().atMost(LONG).until(() -> gateway().accessLog().size() == 1);
    assertThat(gateway().accessLog().get(0)).contains("\"client_gone\"", "\"attempts\":2");
  }

  @Test
  void clientsTime_stopsBoth() throws Exception {
    startTwo("hedge: 50ms");
    sick.fault(new Fault.HangBeforeFirstToken());
    well.fault(new Fault.HangBeforeHead());
    RawHttp client = client();
    client.post(Chat.PATH, Chat.stream("hello", 5), "x-caravan-timeout-ms: 1500");
    RawHttp.Answer answer = client.answer();
    assertThat(answer.status()).isEqualTo(504);
    assertThat(answer.head().header("x-caravan-attempts")).isEqualTo("2");
    await().atMost(LONG).until(() -> sick.aborted() == 1 && well.aborted() == 1);
  }

  @Test
  void midStreamFailure_ofTheWinner_isTold() throws Exception {
    startTwo("hedge: 50ms");
    sick.fault(new Fault.HangBeforeFirstToken());
    well.fault(new Fault.CutMidStream(2));
    RawHttp.Answer answer = ask(Chat.stream("hello", 9));
    assertThat(answer.head().header("x-caravan-backend")).isEqualTo("well");
    assertThat(answer.text()).contains("stream_interrupted").doesNotContain("[DONE]");
  }

  @Test
  void secondServerBusy_isLeftAlone() throws Exception {
    startTwo("hedge: 10ms", "firstTokenTimeout: 500ms");
    gateway()
        .backend("well")
        .availability(
            new Availability(
                ServerState.BUSY, Availability.Use.ANY, "queue", Availability.UNTIL_NEWS));
    sick.fault(new Fault.HangBeforeFirstToken());
    RawHttp.Answer answer = ask(Chat.stream("hello", 5));
    assertThat(answer.status()).isEqualTo(200);
    assertThat(hedges("saturated")).isEqualTo(1);
    assertThat(hedges("won") + hedges("lost")).isZero();
  }

  @Test
  void halfOfThePoolBusy_isTheMostThatIsHedged() throws Exception {
    sick = simulated("sick");
    well = simulated("well");
    PoolYaml pool =
        PoolYaml.of(PoolYaml.MODEL)
            .balancer("weighted")
            .parameters("hedge: 10ms", "firstTokenTimeout: 500ms")
            .server("sick", sick.uri(), FIRST)
            .server("well", well.uri(), "weight: 16");
    SimulatedServer third = simulated("third");
    start(pool.server("third", third.uri()).text());
    Availability busy =
        new Availability(ServerState.BUSY, Availability.Use.ANY, "queue", Availability.UNTIL_NEWS);
    gateway().backend("sick").availability(busy);
    sick.fault(ArmedFault.times(2, new Fault.HangBeforeFirstToken()));
    assertThat(ask(Chat.stream("a", 5)).status()).isEqualTo(200);
    assertThat(hedges("won")).isEqualTo(1);
    gateway().backend("third").availability(busy);
    assertThat(ask(Chat.stream("b", 5)).status()).isEqualTo(200);
    assertThat(hedges("saturated")).isEqualTo(1);
  }

  @Test
  void underLoad_hedgesStayWithinTheBudget() throws Exception {
    sick = simulated("sick");
    well = simulated("well");
    start(
        PoolYaml.of(PoolYaml.MODEL)
            .parameters("hedge: 1ms", "hedgeBudget: 5")
            .server("sick", sick.uri())
            .server("well", well.uri())
            .text(),
        Map.of());
    // Two to five milliseconds each, so that everyone would be hedged.
    sick.fault(new Fault.Slow(3));
    well.fault(new Fault.Slow(3));
    Ticker ticker = Ticker.system();
    long start = ticker.nanos();
    Together.run(
        8,
        () -> {
          try (RawHttp client = new RawHttp(gateway().port())) {
            for (int i = 0; i < 50; i++) {
              client.post(Chat.PATH, Chat.stream("n" + i, 3));
              assertThat(client.answer().status()).isEqualTo(200);
            }
          }
          return 0;
        });
    double sent = hedges("won") + hedges("lost");
    assertThat(hedges("over_budget")).isPositive();
    assertThat(sent).isPositive();
    // Five of a hundred, and one for each window of four seconds that the test has lasted.
    double windows = 1 + (ticker.nanos() - start) / 4e9;
    assertThat(sent).isLessThanOrEqualTo(400 * 0.05 + windows);
    // One that is stopped before its connection stands reaches nobody.
    assertThat((double) (sick.received() + well.received())).isBetween(400.0, 400 + sent);
  }

  @Test
  void p95_isLearntFromThePoolsOwnStreams() throws Exception {
    startTwo("hedge: p95", "hedgeBudget: 100", "firstTokenTimeout: 5s");
    for (int i = 0; i < 25; i++) {
      assertThat(ask(Chat.stream("n" + i, 3)).status()).isEqualTo(200);
    }
    sick.fault(new Fault.HangBeforeFirstToken());
    RawHttp.Answer answer = ask(Chat.stream("hello", 5));
    assertThat(answer.head().header("x-caravan-backend")).isEqualTo("well");
    assertThat(answer.head().header("x-caravan-attempts")).isEqualTo("2");
    assertThat(hedges("won")).isPositive();
  }
}
