package dev.caravan.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.caravan.simulator.Fault;
import dev.caravan.simulator.SimulatedServer;
import dev.caravan.testing.CapturedLog;
import dev.caravan.testing.RawHttp;
import dev.caravan.time.Ticker;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** The gateway itself has enough: it says so at once, goes on, and comes back by itself. */
class ShedTest extends EndToEnd {

  private static void isShed(RawHttp.Answer answer) throws Exception {
    assertThat(answer.status()).as(answer.text()).isEqualTo(503);
    assertThat(answer.head().header("retry-after")).isEqualTo("1");
    assertThat(answer.head().header("x-request-id")).isNotEmpty();
    assertThat(Chat.json(answer.body()).at("/error/code").asText()).isEqualTo("overloaded");
    assertThat(Chat.json(answer.body()).at("/error/type").asText()).isEqualTo("server_error");
  }

  private double shed(String reason) {
    return gateway().meters().get("caravan.shed").tag("reason", reason).functionCounter().count();
  }

  @Test
  void requests_overTheLimit_areToldAtOnce_andPassAgainWhenOthersEnd() throws Exception {
    SimulatedServer server = simulated("only");
    start(PoolYaml.single(server.uri()), Map.of("caravan.limits.requests", "3"));
    server.fault(new Fault.HangBeforeHead());
    try (CapturedLog log = CapturedLog.of("dev.caravan.admission")) {
      List<RawHttp> hung = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        RawHttp client = client();
        client.post(Chat.PATH, Chat.whole("hello"));
        hung.add(client);
      }
      await().atMost(LONG).until(() -> gateway().inflight() == 3);
      RawHttp fourth = client();
      fourth.post(Chat.PATH, Chat.whole("hello"));
      isShed(fourth.answer());
      fourth.post(Chat.PATH, "this is not parsed", "content-type: application/json");
      isShed(fourth.answer()); // the connection is kept
      fourth.get("/v1/models");
      assertThat(fourth.answer().status()).as("the models are always told").isEqualTo(200);
      fourth.post("/v1/nothing", "{}");
      assertThat(fourth.answer().status()).isEqualTo(404);
      assertThat(shed("requests")).isEqualTo(2);
      assertThat(server.received()).as("the server is spared").isEqualTo(3);
      await().atMost(LONG).until(() -> !log.lines().isEmpty());
      assertThat(log.lines()).hasSize(1).first().asString().contains("the limit is 3");

      server.heal();
      hung.remove(0).close();
      await().atMost(LONG).until(() -> gateway().inflight() == 2);
      await()
          .atMost(LONG)
          .until(
              () -> {
                fourth.post(Chat.PATH, Chat.whole("hello"));
                return fourth.answer().status() == 200;
              });
    }
  }

  @Test
  void burst_farOverTheLimit_leavesNothingBehind() throws Exception {
    SimulatedServer server = simulated("only");
    start(PoolYaml.single(server.uri()), Map.of("caravan.limits.requests", "3"));
    int ok = 0;
    for (int round = 0; round < 5; round++) {
      List<RawHttp> burst = new ArrayList<>();
      for (int i = 0; i < 40; i++) {
        RawHttp client = client();
        client.post(Chat.PATH, Chat.whole("hello"));
        burst.add(client);
      }
      for (RawHttp client : burst) {
        RawHttp.Answer answer = client.answer();
        if (answer.status() == 200) {
          ok++;
        } else {
          isShed(answer);
        }
        client.close();
      }
    }
    assertThat(ok).isPositive();
    for (int i = 0; i < 20; i++) {
      assertThat(ask(Chat.whole("hello")).status()).as("after the burst").isEqualTo(200);
    }
  }

  @Test
  void connections_overTheLimit_getTheirAnswerAndAreClosed_othersGoOn() throws Exception {
    SimulatedServer server = simulated("only");
    start(PoolYaml.single(server.uri()), Map.of("caravan.limits.connections", "2"));
    RawHttp first = client();
    RawHttp second = client();
    await().atMost(LONG).until(() -> gateway().connections() == 2);
    RawHttp third = client();
    RawHttp.Answer refused = third.answer(); // before it has asked for anything
    isShed(refused);
    assertThat(refused.head().header("connection")).isEqualTo("close");
    assertThat(third.closed()).isTrue();
    RawHttp fourth = client();
    fourth.post(Chat.PATH, Chat.whole("hello"));
    isShed(fourth.answer());
    first.post(Chat.PATH, Chat.whole("hello"));
    assertThat(first.answer().status()).isEqualTo(200);
    assertThat(shed("connections")).isEqualTo(2);
    assertThat(server.received()).isEqualTo(1);

    second.close();
    await().atMost(LONG).until(this::served);
  }

  private boolean served() throws IOException {
    return ask(Chat.whole("hello")).status() == 200;
  }

  /** The machine's clock, which can be set forward. */
  private static final class Leaping implements Ticker {
    private final Ticker system = Ticker.system();
    private final AtomicLong ahead = new AtomicLong();

    @Override
    public long nanos() {
      return system.nanos() + ahead.get();
    }

    void leap(long millis) {
      ahead.addAndGet(TimeUnit.MILLISECONDS.toNanos(millis));
    }
  }

  @Test
  void loopThatLags_shedsNewRequests_streamsGoOn_andItRecovers() throws Exception {
    SimulatedServer server = simulated(SimulatedServer.builder(vertx).name("only").speedup(4));
    Leaping ticker = new Leaping();
    start(
        PoolYaml.single(server.uri()),
        Map.of("caravan.limits.loop-lag", "2s", "caravan.event-loops", "1"),
        ticker);
    RawHttp streaming = client();
    streaming.post(Chat.PATH, Chat.stream("hello", 200));
    assertThat(streaming.head().status()).isEqualTo(200);
    RawHttp other = client();
    await()
        .atMost(LONG)
        .until(
            () -> {
              ticker.leap(3_000); // every measurement is late by what the clock leapt
              other.post(Chat.PATH, Chat.whole("hello"));
              RawHttp.Answer answer = other.answer();
              if (answer.status() == 200) {
                return false;
              }
              isShed(answer);
              return true;
            });
    assertThat(shed("loop_lag")).isEqualTo(1);
    StringBuilder tokens = new StringBuilder();
    for (RawHttp.Chunk chunk = streaming.chunk();
        chunk.bytes().length > 0;
        chunk = streaming.chunk()) {
      tokens.append(chunk.text());
    }
    assertThat(tokens).as("what ran goes on").endsWith("data: [DONE]\n\n");
    await().atMost(LONG).until(this::served);
  }
}
