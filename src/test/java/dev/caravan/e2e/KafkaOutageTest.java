package dev.caravan.e2e;

import static dev.caravan.e2e.KafkaQueues.ANSWERS;
import static dev.caravan.e2e.KafkaQueues.DEAD;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.caravan.TestGateway;
import dev.caravan.simulator.Fault;
import dev.caravan.simulator.SimulatedServer;
import dev.caravan.testing.CapturedLog;
import dev.caravan.testing.KafkaBroker;
import dev.caravan.testing.RawHttp;
import dev.caravan.testing.ScriptedServer;
import dev.caravan.time.Ticker;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Servers, the network and a real Kafka are away for a while, and no job is lost. */
class KafkaOutageTest extends EndToEnd {
  @RegisterExtension static final KafkaBroker BROKER = new KafkaBroker();

  private static final Ticker REAL = Ticker.system();
  private static final int HELD = 16;
  private static final String[] FEW = {"inflight: 8", "held: " + HELD};
  private static final Duration PATIENCE = Duration.ofSeconds(40);

  private double gauge(String meter) {
    return gateway().meters().get(meter).gauge().value();
  }

  /** A server that takes a tenth of a second for a job. */
  private SimulatedServer slow() {
    return simulated(SimulatedServer.builder(vertx).name("slow").speedup(1));
  }

  private static void assertAnswered(List<String> ids, KafkaQueues queues, int repeats) {
    queues.await(ANSWERS, ids.size());
    queues.settle();
    List<KafkaQueues.Out> answers = queues.all(ANSWERS);
    assertThat(answers.stream().map(KafkaQueues.Out::key).distinct())
        .containsExactlyInAnyOrderElementsOf(ids);
    assertThat(answers).extracting(KafkaQueues.Out::status).containsOnly(200);
    assertThat(answers.size() - ids.size()).as("repeats").isLessThanOrEqualTo(repeats);
    assertThat(queues.all(DEAD)).isEmpty();
  }

  /** The status of a request that is no interactive one, for which background work would wait. */
  private int models() throws IOException {
    return RawHttp.ask(gateway().port(), "/v1/models", null).status();
  }

  @Test
  void serversDown_theConsumerPauses_andAllIsAnsweredWhenTheyAreBack() throws Exception {
    SimulatedServer server = simulated("s");
    server.fault(new Fault.Reset());
    String pool =
        PoolYaml.of(PoolYaml.MODEL)
            .parameters("ejectAfter: 1", "ejectionTime: 1s", "maxEjected: 100", "panic: 0")
            .server("only", server.uri())
            .text();
    try (KafkaQueues queues = new KafkaQueues(BROKER, 2)) {
      start(
          pool + queues.routes("inflight: 8", "held: 16", "maxFailures: 1000"), queues.settings());
      List<String> ids = queues.sendMany("job-", 300);
      await().atMost(PATIENCE).until(() -> gauge("caravan.jobs.paused") == 1);
      await().atMost(PATIENCE).until(() -> gauge("caravan.kafka.paused") == 1);
      long before = server.received();
      await()
          .atMost(PATIENCE)
          .until(
              () -> {
                assertThat(gauge("caravan.jobs.held")).isLessThanOrEqualTo(HELD);
                return server.received() >= before + 3;
              });
      await().atMost(PATIENCE).until(() -> gauge("caravan.kafka.lag") == 300);
      server.heal();
      assertAnswered(ids, queues, 0);
      await().atMost(PATIENCE).until(() -> gauge("caravan.kafka.lag") == 0);
      await().atMost(PATIENCE).until(() -> gauge("caravan.jobs.held") == 0);
      assertThat(gauge("caravan.jobs.paused")).isZero();
    }
  }

  @Test
  void brokerDownAtTheStart_httpWorks_andJobsRunLater() throws Exception {
    try (KafkaQueues queues = new KafkaQueues(BROKER, 1);
        CapturedLog log = CapturedLog.of("dev.caravan.queue.kafka")) {
      BROKER.kill();
      start(PoolYaml.single(simulated("s").uri()) + queues.routes(), queues.settings());
      assertThat(models()).isEqualTo(200);
      assertThat(gateway().ready()).isTrue();
      await().atMost(PATIENCE).until(() -> !log.lines().isEmpty());
      BROKER.start();
      assertAnswered(queues.sendMany("job-", 20), queues, 0);
      assertThat(gateway().ready()).isTrue();
      assertThat(log.lines()).anyMatch(line -> line.contains("goes on trying"));
    }
  }

  @Test
  void brokerKilledAndNetworkCut_noJobIsLost_andNoThreadIsLeft() throws Exception {
    try (KafkaQueues queues = new KafkaQueues(BROKER, 2);
        CapturedLog quiet = CapturedLog.of("dev.caravan.queue")) {
      start(PoolYaml.single(slow().uri()) + queues.routes(FEW), queues.settings());
      List<String> ids = queues.sendMany("job-", 500);
      queues.await(ANSWERS, 50);
      int threads = threads();

      BROKER.kill();
      await().atMost(PATIENCE).until(() -> gauge("caravan.jobs.held") == HELD);
      BROKER.start();
      queues.await(ANSWERS, 200);

      BROKER.network().loseEverything();
      await().atMost(PATIENCE).until(() -> gauge("caravan.jobs.held") == HELD);
      BROKER.network().resetEverything();
      BROKER.network().heal();
      queues.await(ANSWERS, 350);

      BROKER.network().resetEverything();
      BROKER.network().heal();
      assertAnswered(ids, queues, 3 * HELD);
      await().atMost(PATIENCE).until(() -> gauge("caravan.kafka.lag") == 0);
      await()
          .atMost(PATIENCE)
          .untilAsserted(() -> assertThat(threads()).isLessThanOrEqualTo(threads));
      assertThat(models()).isEqualTo(200);
      assertThat(quiet.lines()).noneMatch(line -> line.contains("Hello"));
    }
  }

  /**
   * Threads that are alive, without those of the tests' own servers and proxies, which have pools.
   */
  private static int threads() {
    return (int)
        Thread.getAllStackTraces().keySet().stream()
            .filter(thread -> !thread.getName().startsWith("pool-"))
            .filter(thread -> !thread.getName().startsWith("awaitility"))
            .count();
  }

  @Test
  void secondGateway_comesAndGoesUnderLoad_noneIsLostAndFewRunTwice() throws Exception {
    try (KafkaQueues queues = new KafkaQueues(BROKER, 4)) {
      String routes = PoolYaml.single(slow().uri()) + queues.routes(FEW);
      start(routes, queues.settings());
      List<String> ids = queues.sendMany("job-", 600);
      queues.await(ANSWERS, 50);
      TestGateway second = TestGateway.start(routes, queues.settings());
      try {
        await().atMost(PATIENCE).until(() -> second.jobs() > 0);
        queues.await(ANSWERS, 300);
        assertThat(gateway().meters().get("caravan.kafka.rebalances").counter().count())
            .isGreaterThanOrEqualTo(2);
        assertThat(second.jobs()).isPositive();
        second.drain();
      } finally {
        second.close();
      }
      // What had begun when its partition went is the most that may run again.
      assertAnswered(ids, queues, 2 * HELD);
      await().atMost(PATIENCE).until(() -> gauge("caravan.kafka.lag") == 0);
    }
  }

  @Test
  void backlog_leavesTheReserveToInteractiveRequests_andTakesTheRestWhenTheyStop()
      throws Exception {
    AtomicInteger background = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    Semaphore answers = new Semaphore(0);
    ScriptedServer server =
        scripted(
            (peer, connection) -> {
              for (var request = peer.request(); request != null; request = peer.request()) {
                if (request.text().contains("job-")) {
                  most.accumulateAndGet(background.incrementAndGet(), Math::max);
                  answers.acquire();
                  background.decrementAndGet();
                }
                peer.send(ScriptedServer.whole(200, "{}"));
              }
            });
    AtomicLong later = new AtomicLong();
    try (KafkaQueues queues = new KafkaQueues(BROKER, 1)) {
      start(
          PoolYaml.single(server.uri(), "maxInflight: 4") + queues.routes(FEW),
          queues.settings(),
          () -> REAL.nanos() + later.get());
      List<String> ids = queues.sendMany("job-", 60);
      await().atMost(PATIENCE).until(() -> background.get() == 3);
      await().atMost(PATIENCE).until(() -> gauge("caravan.kafka.paused") == 1);
      for (int i = 0; i < 20; i++) {
        assertThat(ask(Chat.whole("interactive")).status()).isEqualTo(200);
      }
      assertThat(most).hasValue(3);
      assertThat(background).hasValue(3);

      // When these end, others come one by one, for there is interactive traffic.
      answers.release(3);
      assertThat(ask(Chat.whole("interactive")).status()).isEqualTo(200);
      queues.await(ANSWERS, 3);

      later.addAndGet(TimeUnit.SECONDS.toNanos(61));
      await().atMost(PATIENCE).until(() -> background.get() == 3);
      answers.release(1_000);
      assertAnswered(ids, queues, 0);
      assertThat(most).hasValue(3);
    } finally {
      answers.release(1_000);
    }
  }
}
