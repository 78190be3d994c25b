package dev.caravan.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.caravan.simulator.Fault;
import dev.caravan.simulator.SimulatedServer;
import dev.caravan.testing.CapturedLog;
import dev.caravan.testing.RawHttp;
import dev.caravan.testing.Together;
import dev.caravan.time.Ticker;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Retries help where servers fail, and are no load of their own where all do. */
class RetryStormTest extends EndToEnd {
  /** So that neither breakers nor ejection speak before the budget does. */
  private static final String NEVER_OPENS =
      "minimumNumberOfCalls: 100000, slidingWindowSize: 100000";

  private static final Fault FAULT = new Fault.Status(503);

  private SimulatedServer[] fail(int servers, String... parameters) throws Exception {
    PoolYaml pool =
        PoolYaml.of(PoolYaml.MODEL)
            .breaker(NEVER_OPENS)
            .parameters("ejectAfter: 0")
            .parameters(parameters);
    SimulatedServer[] all = new SimulatedServer[servers];
    for (int i = 0; i < servers; i++) {
      all[i] = simulated("s" + i);
      all[i].fault(FAULT);
      pool.server("s" + i, all[i].uri());
    }
    start(pool.text());
    return all;
  }

  private static long received(SimulatedServer... servers) {
    return Stream.of(servers).mapToLong(SimulatedServer::received).sum();
  }

  private double retries(String result) {
    return gateway().meters().get("caravan.retries").tag("result", result).counter().count();
  }

  private double waiting() {
    return gateway().meters().get("caravan.retries.waiting").gauge().value();
  }

  /** Spends what a quiet pool of two failing servers has: three retries. */
  private void spendTheMinimum() throws Exception {
    for (int i = 0; i < 3; i++) {
      assertThat(ask(Chat.whole("n" + i)).head().header("x-caravan-attempts")).isEqualTo("2");
    }
    assertThat(retries("sent")).isEqualTo(3);
  }

  /** A request of which the retry waits for the budget. */
  private RawHttp oneThatWaits(String... headers) throws Exception {
    RawHttp client = client();
    client.post(Chat.PATH, Chat.whole("waits"), headers);
    await().atMost(LONG).until(() -> waiting() == 1 && gateway().inflight() == 0);
    return client;
  }

  @Test
  void everyServerFails_attemptsStayWithinTheBudget() throws Exception {
    Ticker ticker = Ticker.system();
    long start = ticker.nanos();
    int requests = 300;
    SimulatedServer[] servers = fail(3);
    List<RawHttp> clients = new ArrayList<>();
    try (CapturedLog log = CapturedLog.of("dev.caravan.route")) {
      for (int i = 0; i < requests; i++) {
        RawHttp client = client();
        client.post(Chat.PATH, Chat.whole("n" + i));
        clients.add(client);
      }
      for (RawHttp client : clients) {
        RawHttp.Answer answer = client.answer();
        assertThat(answer.status()).isEqualTo(503);
        assertThat(Chat.json(answer.body()).at("/error/code").asText())
            .isEqualTo("no_server_available");
        assertThat(answer.head().header("retry-after")).isNotNull();
      }
      assertThat(log.lines()).anyMatch(line -> line.contains("retry budget of 20 %"));
    }
    assertThat(retries("refused_budget")).isGreaterThan(100);
    assertThat(waiting()).isZero();
    // Twenty of a hundred, and three for each window of four seconds that the test has lasted.
    double windows = 1 + (ticker.nanos() - start) / 4e9;
    double retries = retries("sent") + retries("waited");
    assertThat((double) received(servers)).isEqualTo(requests + retries);
    assertThat(retries).isBetween(3.0, requests * 0.2 + 3 * windows);
  }

  @Test
  void killOfOneOfThree_underLoad_losesNothing() throws Exception {
    PoolYaml pool = PoolYaml.of(PoolYaml.MODEL).balancer("least-inflight");
    List<SimulatedServer> servers = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      servers.add(simulated("s" + i));
      pool.server("s" + i, servers.get(i).uri());
    }
    start(pool.text());
    AtomicInteger asked = new AtomicInteger();
    List<List<Integer>> statuses =
        Together.run(
            8,
            () -> {
              List<Integer> mine = new ArrayList<>();
              for (int i = 0; i < 25; i++) {
                if (asked.incrementAndGet() == 60) {
                  servers.get(0).fault(new Fault.Reset());
                }
                mine.add(ask(Chat.whole("n" + i)).status());
              }
              return mine;
            });
    assertThat(statuses.stream().flatMap(List::stream).toList()).hasSize(200).containsOnly(200);
    assertThat(servers.get(0).failed()).isPositive();
  }

  @Test
  void overTheBudget_aRetryWaits_andIsServed() throws Exception {
    SimulatedServer[] servers = fail(2);
    spendTheMinimum();
    RawHttp client = oneThatWaits();
    for (SimulatedServer server : servers) {
      server.heal();
    }
    RawHttp.Answer answer = client.answer();
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.head().header("x-caravan-attempts")).isEqualTo("2");
    assertThat(retries("waited")).isEqualTo(1);
    assertThat(received(servers)).isEqualTo(3 * 2 + 2);
  }

  @Test
  void waitingRetry_whoseClientLeaves_leavesTheLine() throws Exception {
    SimulatedServer[] servers = fail(2);
    spendTheMinimum();
    RawHttp client = oneThatWaits();
    client.close();
    await().atMost(LONG).until(() -> waiting() == 0);
    await().atMost(LONG).until(() -> gateway().accessLog().size() == 4);
    assertThat(gateway().accessLog().get(3)).contains("\"client_gone\"", "\"attempts\":1");
    assertThat(received(servers)).isEqualTo(3 * 2 + 1);
  }

  @Test
  void waitingRetry_whoseTimeIsOver_is504() throws Exception {
    SimulatedServer[] servers = fail(2);
    spendTheMinimum();
    RawHttp.Answer answer = oneThatWaits("x-caravan-timeout-ms: 1500").answer();
    assertThat(answer.status()).isEqualTo(504);
    assertThat(Chat.json(answer.body()).at("/error/code").asText()).isEqualTo("timeout");
    assertThat(answer.head().header("x-caravan-attempts")).isEqualTo("1");
    assertThat(retries("refused_deadline")).isEqualTo(1);
    assertThat(waiting()).isZero();
    assertThat(received(servers)).isEqualTo(3 * 2 + 1);
    await().atMost(LONG).until(() -> gateway().accessLog().size() == 4);
    assertThat(gateway().accessLog().get(3)).contains("\"outcome\":\"expired\"");
  }

  @Test
  void budgetOfZero_meansNoRetry_andTheLogSaysWhy() throws Exception {
    SimulatedServer[] servers = fail(2, "retryBudget: 0");
    try (CapturedLog log = CapturedLog.of("dev.caravan.route")) {
      RawHttp.Answer answer = ask(Chat.whole("hello"));
      assertThat(answer.status()).isEqualTo(503);
      assertThat(answer.head().header("x-caravan-attempts")).isEqualTo("1");
      assertThat(log.lines())
          .anyMatch(line -> line.contains("status 503") && line.contains("retry budget of 0 %"));
    }
    assertThat(received(servers)).isEqualTo(1);
    assertThat(retries("refused_budget")).isEqualTo(1);
  }

  @Test
  void waitInVain_butASiblingWorksForOthers_isNoFailure() throws Exception {
    SimulatedServer sick = simulated("sick");
    SimulatedServer well = simulated("well");
    sick.fault(new Fault.Status(503));
    start(
        PoolYaml.of(PoolYaml.MODEL)
            .balancer("weighted")
            .breaker(NEVER_OPENS)
            .parameters("retryBudget: 1", "ejectAfter: 0")
            .server("sick", sick.uri(), "weight: 256")
            .server("well", well.uri())
            .text());
    List<Integer> statuses = Together.run(12, () -> ask(Chat.whole("hello")).status());
    assertThat(statuses).containsOnly(200);
    assertThat(retries("sent")).isLessThanOrEqualTo(3);
    assertThat(retries("proven")).isPositive();
  }

  @Test
  void serverThatWasNotReached_costsNoBudget() throws Exception {
    SimulatedServer dead = simulated("dead");
    SimulatedServer well = simulated("well");
    start(
        PoolYaml.of(PoolYaml.MODEL)
            .breaker(NEVER_OPENS)
            .parameters("retryBudget: 0")
            .server("dead", dead.uri())
            .server("well", well.uri())
            .text());
    dead.fault(new Fault.Refuse());
    for (int i = 0; i < 20; i++) {
      assertThat(ask(Chat.whole("n" + i)).status()).isEqualTo(200);
    }
    assertThat(retries("free")).as("from the first on, it is known to be down").isPositive();
    assertThat(well.finished()).isEqualTo(20);
    dead.heal();
  }

  @ParameterizedTest
  @CsvSource({"0,3", "1,2", "2,1", "9,1", "junk,3", "-1,3"})
  void clientsOwnRetries_areNotMultiplied(String count, String attempts) throws Exception {
    fail(5);
    RawHttp.Answer answer = ask(Chat.whole("hello"), "x-stainless-retry-count: " + count);
    assertThat(answer.status()).isEqualTo(503);
    assertThat(answer.head().header("x-caravan-attempts")).isEqualTo(attempts);
  }

  @Test
  void poolsOwnAttempts_areNoMoreThanItSays() throws Exception {
    SimulatedServer[] servers = fail(5, "attempts: 4");
    assertThat(ask(Chat.whole("hello")).head().header("x-caravan-attempts")).isEqualTo("4");
    assertThat(received(servers)).isEqualTo(4);
  }

  @Test
  void everyServerTried_endsAtOnce() throws Exception {
    SimulatedServer[] servers = fail(2, "attempts: 9");
    assertThat(ask(Chat.whole("hello")).head().header("x-caravan-attempts")).isEqualTo("2");
    assertThat(received(servers)).isEqualTo(2);
    assertThat(Map.of("sent", retries("sent"), "waiting", waiting()))
        .isEqualTo(Map.of("sent", 1.0, "waiting", 0.0));
  }
}
