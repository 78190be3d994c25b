package dev.caravan.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.caravan.simulator.SimulatedServer;
import dev.caravan.testing.ArtemisBroker;
import dev.caravan.testing.CapturedLog;
import dev.caravan.testing.RawHttp;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A real broker of AMQP 1.0 is away for a while, and no job is lost. */
class AmqpOutageTest extends EndToEnd {
  private static final int HELD = 16;
  private static final Duration PATIENCE = Duration.ofSeconds(40);

  private double gauge(String meter) {
    return gateway().meters().get(meter).gauge().value();
  }

  private static int threads() {
    return (int)
        Thread.getAllStackTraces().keySet().stream()
            .filter(thread -> !thread.getName().startsWith("pool-"))
            .filter(thread -> !thread.getName().startsWith("awaitility"))
            .count();
  }

  /** The status of a request that is no interactive one, for which background work would wait. */
  private int models() throws IOException {
    return RawHttp.ask(gateway().port(), "/v1/models", null).status();
  }

  @Test
  void brokerDownAtTheStartAndKilledLater_httpWorks_andNoJobIsLost() throws Exception {
    SimulatedServer server = simulated(SimulatedServer.builder(vertx).name("slow").speedup(1));
    try (ArtemisBroker broker = ArtemisBroker.start();
        AmqpQueues queues = new AmqpQueues(broker);
        CapturedLog log = CapturedLog.of("dev.caravan.queue.amqp.Outage")) {
      broker.kill();
      start(
          PoolYaml.single(server.uri()) + queues.routes("inflight: 8", "held: " + HELD),
          queues.settings());
      assertThat(models()).isEqualTo(200);
      assertThat(gateway().ready()).isTrue();
      await().atMost(PATIENCE).until(() -> !log.lines().isEmpty());
      broker.begin();
      List<String> ids = queues.sendMany("job-", 300);
      List<String> answered = new ArrayList<>(queues.answered(50));
      int threads = threads();
      int told = log.lines().size();

      broker.kill();
      assertThat(models()).isEqualTo(200);
      await().atMost(PATIENCE).until(() -> log.lines().size() > told);
      assertThat(gauge("caravan.jobs.held")).isLessThanOrEqualTo(HELD);
      broker.begin();

      while (new HashSet<>(answered).size() < ids.size()) {
        answered.add(AmqpQueues.json(queues.receive(queues.answers)).getString("custom_id"));
      }
      assertThat(new HashSet<>(answered)).containsExactlyInAnyOrderElementsOf(ids);
      for (var repeated : queues.rest(queues.answers)) {
        answered.add(AmqpQueues.json(repeated).getString("custom_id"));
      }
      // What the broker handed out twice: held by the gateway, or read by this test, when it died.
      assertThat(answered.size() - ids.size()).isLessThanOrEqualTo(2 * HELD);
      assertThat(queues.rest(queues.dead())).isEmpty();
      await()
          .atMost(PATIENCE)
          .untilAsserted(() -> assertThat(threads()).isLessThanOrEqualTo(threads));
    }
  }
}
