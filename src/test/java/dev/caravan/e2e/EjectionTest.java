package dev.caravan.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.caravan.fleet.Availability.Use;
import dev.caravan.fleet.ServerState;
import dev.caravan.simulator.Fault;
import dev.caravan.simulator.SimulatedServer;
import dev.caravan.testing.CapturedLog;
import dev.caravan.testing.RawHttp;
import dev.caravan.testing.ScriptedServer;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What requests find out about servers keeps other requests away from them. */
class EjectionTest extends EndToEnd {
  /** A breaker that never opens, so that nothing but ejection is at work. */
  private static final String NO_BREAKER = "slidingWindowSize: 1000, minimumNumberOfCalls: 1000";

  private static final String FOR_LONG = "ejectionTime: 10m";

  private PoolYaml pool(SimulatedServer... servers) {
    PoolYaml pool = PoolYaml.of(PoolYaml.MODEL).balancer("round-robin").breaker(NO_BREAKER);
    for (SimulatedServer server : servers) {
      pool.server(server.name(), server.uri());
    }
    return pool;
  }

  /** How many answers each server gave, whatever their status. */
  private Map<String, Integer> asked(int times) throws Exception {
    Map<String, Integer> answers = new TreeMap<>();
    for (int i = 0; i < times; i++) {
      answers.merge(ask(Chat.whole("n" + i)).head().header("x-caravan-backend"), 1, Integer::sum);
    }
    return answers;
  }

  private double counted(String meter, String server) {
    return gateway().meters().get(meter).tag("backend", server).counters().stream()
        .mapToDouble(counter -> counter.count())
        .sum();
  }

  @Test
  void fiveFailuresInARow_ejectTheServer_andItsSiblingGetsTheTraffic() throws Exception {
    SimulatedServer sick = simulated("sick");
    SimulatedServer well = simulated("well");
    sick.fault(new Fault.Status(500));
    start(pool(sick, well).parameters(FOR_LONG).text());
    try (CapturedLog log = CapturedLog.of("dev.caravan.health")) {
      assertThat(asked(10)).isEqualTo(Map.of("sick", 5, "well", 5));
      await().atMost(LONG).until(() -> !gateway().backend("sick").availability().eligible());
      assertThat(asked(20)).isEqualTo(Map.of("well", 20));
      assertThat(log.lines())
          .filteredOn(line -> line.contains("sick"))
          .singleElement()
          .asString()
          .contains("down", "5 requests in a row failed, the last: status 500");
    }
    assertThat(sick.received()).isEqualTo(5);
    assertThat(gateway().backend("sick").availability().use()).isEqualTo(Use.LAST_RESORT);
    assertThat(counted("caravan.ejections", "sick")).isEqualTo(1);
    assertThat(counted("caravan.ejections", "well")).isZero();
  }

  @Test
  void streamsCutInTheMiddle_ejectTheServer() throws Exception {
    SimulatedServer sick = simulated("sick");
    SimulatedServer well = simulated("well");
    sick.fault(new Fault.CutMidStream(2));
    start(pool(sick, well).parameters(FOR_LONG).text());
    for (int i = 0; i < 10; i++) {
      ask(Chat.stream("n" + i, 6));
    }
    await().atMost(LONG).until(() -> !gateway().backend("sick").availability().eligible());
    assertThat(asked(10)).isEqualTo(Map.of("well", 10));
  }

  @ParameterizedTest
  @ValueSource(ints = {400, 404, 422})
  void clientErrors_ejectNobody(int status) throws Exception {
    SimulatedServer picky = simulated("picky");
    SimulatedServer well = simulated("well");
    picky.fault(new Fault.Status(status));
    start(pool(picky, well).parameters(FOR_LONG).text());
    assertThat(asked(60)).isEqualTo(Map.of("picky", 30, "well", 30));
  }

  @Test
  void twoOfThreeFail_halfOfThePoolIsTheMost() throws Exception {
    SimulatedServer a = simulated("a");
    SimulatedServer b = simulated("b");
    SimulatedServer c = simulated("c");
    a.fault(new Fault.Status(500));
    b.fault(new Fault.Status(500));
    start(pool(a, b, c).parameters(FOR_LONG).text());
    asked(30);
    Map<String, Integer> after = asked(40);
    assertThat(after.keySet()).hasSize(2).contains("c");
    assertThat(after.get("c")).isEqualTo(20);
    assertThat(counted("caravan.ejections", "a") + counted("caravan.ejections", "b")).isEqualTo(1);
    assertThat(
            counted("caravan.ejections.held.back", "a")
                + counted("caravan.ejections.held.back", "b"))
        .isPositive();
  }

  @Test
  void theOnlyServerFails_itStaysIn() throws Exception {
    SimulatedServer only = simulated("only");
    only.fault(new Fault.Status(500));
    start(pool(only).text());
    assertThat(asked(30)).isEqualTo(Map.of("only", 30));
    only.heal();
    assertThat(ask(Chat.whole("at once")).status()).isEqualTo(200);
  }

  @Test
  void tooFewAreLeft_panicSpreadsOverTheEjectedOnes() throws Exception {
    SimulatedServer a = simulated("a");
    SimulatedServer b = simulated("b");
    SimulatedServer c = simulated("c");
    a.fault(new Fault.Status(500));
    b.fault(new Fault.Status(500));
    start(
        pool(a, b, c)
            .parameters(FOR_LONG)
            .parameters("maxEjected: 100")
            .parameters("panic: 50")
            .text());
    try (CapturedLog log = CapturedLog.of("dev.caravan.route")) {
      asked(15); // both are out after the fifth round, and the pool panics
      assertThat(asked(30)).isEqualTo(Map.of("a", 10, "b", 10, "c", 10));
      assertThat(log.lines()).filteredOn(line -> line.contains("panic")).hasSize(1);
    }
    double picks =
        gateway()
            .meters()
            .get("caravan.panic.picks")
            .tag("pool", PoolYaml.MODEL)
            .functionCounter()
            .count();
    assertThat(picks).isGreaterThanOrEqualTo(30);
  }

  @Test
  void ejectionIsOver_serverIsBack_andThePanicEnds() throws Exception {
    SimulatedServer sick = simulated("sick");
    SimulatedServer well = simulated("well");
    sick.fault(new Fault.Status(500));
    start(
        pool(sick, well)
            .parameters("ejectionTime: 300ms")
            .parameters("slowStart: off")
            .parameters("panic: 60")
            .text());
    try (CapturedLog log = CapturedLog.of("dev.caravan.route")) {
      await()
          .atMost(LONG)
          .until(
              () -> {
                ask(Chat.whole("n"));
                return log.lines().stream().anyMatch(line -> line.contains("panic, too few"));
              });
      sick.heal();
      await()
          .atMost(LONG)
          .until(
              () -> {
                ask(Chat.whole("n"));
                return log.lines().stream().anyMatch(line -> line.contains("panic is over"));
              });
    }
    assertThat(asked(10)).isEqualTo(Map.of("sick", 5, "well", 5));
  }

  // ---- left alone

  @Test
  void throttledWithRetryAfter_isLeftAlone_andTheLogSaysSo() throws Exception {
    SimulatedServer full = simulated("full");
    SimulatedServer well = simulated("well");
    full.fault(new Fault.Status(429, 60));
    start(pool(full, well).text());
    try (CapturedLog log = CapturedLog.of("dev.caravan.health")) {
      assertThat(asked(30)).isEqualTo(Map.of("well", 30));
      assertThat(log.lines())
          .filteredOn(line -> line.contains("full"))
          .singleElement()
          .asString()
          .contains("busy", "status 429, retry after 60000 ms");
    }
    assertThat(full.received()).isEqualTo(1);
    assertThat(gateway().backend("full").availability().state()).isEqualTo(ServerState.BUSY);
  }

  @Test
  void throttledForTwoSeconds_isBackAfterThem() throws Exception {
    SimulatedServer full = simulated("full");
    SimulatedServer well = simulated("well");
    full.fault(new Fault.Status(429, 2));
    start(pool(full, well).text());
    assertThat(asked(2)).isEqualTo(Map.of("well", 2));
    full.heal();
    await().atMost(LONG).until(() -> asked(1).containsKey("full"));
    assertThat(asked(10)).isEqualTo(Map.of("full", 5, "well", 5));
  }

  @Test
  void everyServerThrottles_clientLearnsWhenToComeAgain() throws Exception {
    SimulatedServer only = simulated("only");
    only.fault(new Fault.Status(429, 30));
    start(pool(only).text());
    RawHttp.Answer first = ask(Chat.whole("one"));
    assertThat(first.status()).isEqualTo(429);
    assertThat(first.head().header("retry-after")).isEqualTo("30");
    RawHttp.Answer second = ask(Chat.whole("two"));
    assertThat(second.status()).isEqualTo(429);
    assertThat(second.head().header("x-caravan-attempts")).isEqualTo("0");
    assertThat(Integer.parseInt(second.head().header("retry-after"))).isBetween(10, 30);
    assertThat(Chat.json(second.body()).at("/error/code").asText())
        .isEqualTo("rate_limit_exceeded");
    assertThat(only.received()).isEqualTo(1);
  }

  @Test
  void rateLimitResetWithoutRetryAfter_isReadAsOne() throws Exception {
    ScriptedServer only =
        closing(
            ScriptedServer.answering(
                ScriptedServer.whole(
                    429,
                    "{}",
                    "x-ratelimit-remaining-requests: 7",
                    "x-ratelimit-reset-requests: 120ms",
                    "x-ratelimit-remaining-tokens: 0",
                    "x-ratelimit-reset-tokens: 1m5s")));
    start(PoolYaml.single(only.uri()));
    assertThat(ask(Chat.whole("one")).head().header("retry-after")).isEqualTo("65");
    assertThat(ask(Chat.whole("two")).status()).isEqualTo(429);
    assertThat(only.requests()).hasSize(1);
  }

  // ---- certain

  @ParameterizedTest
  @ValueSource(ints = {401, 402, 403})
  void credentialsRefused_goesElsewhere_isSaidLoudlyOnce_andNotTriedAgain(int status)
      throws Exception {
    SimulatedServer wrong = simulated("wrong");
    SimulatedServer well = simulated("well");
    wrong.fault(new Fault.Status(status));
    // Probed now and then, so that it is not the next request that finds out.
    start(pool(wrong, well).text(), Map.of("caravan.probe.enabled", "true"));
    try (CapturedLog log = CapturedLog.of("dev.caravan.health")) {
      assertThat(asked(30)).isEqualTo(Map.of("well", 30));
      assertThat(log.lines())
          .filteredOn(line -> line.startsWith("ERROR"))
          .singleElement()
          .asString()
          .contains("wrong", "credentials", "status " + status);
    }
    assertThat(counted("caravan.backend.attempts", "wrong")).isEqualTo(1);
    assertThat(gateway().backend("wrong").availability().use()).isEqualTo(Use.NONE);
  }

  @Test
  void credentialsRefusedByTheOnlyServer_isTheGatewaysFault_notTheClients() throws Exception {
    SimulatedServer only = simulated("only");
    only.fault(new Fault.Status(401));
    start(pool(only).text());
    RawHttp.Answer answer = ask(Chat.whole("hello"));
    assertThat(answer.status()).isEqualTo(502);
    assertThat(Chat.json(answer.body()).at("/error/code").asText())
        .isEqualTo("upstream_credentials");
  }

  @Test
  void connectionRefused_takesTheServerOutAtOnce() throws Exception {
    SimulatedServer gone = simulated("gone");
    SimulatedServer well = simulated("well");
    gone.fault(new Fault.Refuse());
    start(pool(gone, well).text(), Map.of("caravan.probe.enabled", "true"));
    assertThat(asked(30)).isEqualTo(Map.of("well", 30));
    assertThat(gateway().backend("gone").availability().use()).isEqualTo(Use.NONE);
    assertThat(
            gateway()
                .meters()
                .get("caravan.backend.attempts")
                .tag("backend", "gone")
                .tag("cause", "refused")
                .counter()
                .count())
        .isEqualTo(1);
    gone.heal();
  }

  // ---- slow start

  @ParameterizedTest
  @ValueSource(strings = {"round-robin", "weighted", "least-inflight"})
  void shareInForce_isWhatTheServerGets(String balancer) throws Exception {
    PoolYaml pool = PoolYaml.of(PoolYaml.MODEL).balancer(balancer);
    for (String name : List.of("a", "b", "c")) {
      pool.server(name, simulated(name).uri());
    }
    start(pool.text());
    gateway().backend("b").share(() -> 0.25);
    Map<String, Integer> answers = asked(90);
    assertThat(answers.get("b")).isBetween(9, 11); // 90 * 0.25 / 2.25
    gateway().backend("b").share(() -> 1);
    assertThat(asked(90).get("b")).isBetween(15, 45);
  }
}
