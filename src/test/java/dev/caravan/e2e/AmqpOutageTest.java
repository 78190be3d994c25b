package dev.caravan.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.caravan.simulator.SimulatedServer;
import dev.caravan.testing.ArtemisBroker;
import dev.caravan.testing.CapturedLog;
import dev.caravan.testing.RawHttp;
import jakarta.jms.JMSException;
import jakarta.jms.Message;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** A real broker of AMQP 1.0 is away for a while, and no job is lost. */
class AmqpOutageTest extends EndToEnd {
  private static final int HELD = 16;

  /** What the gateway fetches ahead of that. */
  private static final int PREFETCH = 4;

  private static final Duration PATIENCE = Duration.ofSeconds(40);

  private double gauge(String meter) {
    return gateway().meters().get(meter).gauge().value();
  }

  /** Tries to send an answer that failed, as far as the gateway knows. */
  private int unsent() {
    return (int) gateway().meters().get("caravan.jobs.send.failures").counter().count();
  }

  private static int threads() {
    return (int)
        Thread.getAllStackTraces().keySet().stream()
            .filter(thread -> !thread.getName().startsWith("pool-"))
            .filter(thread -> !thread.getName().startsWith("awaitility"))
            .count();
  }

  /** The ids of the answers to each job: one that is read twice is still one. */
  private final Map<String, Set<String>> answers = new HashMap<>();

  private void note(Message answer) throws JMSException {
    answers
        .computeIfAbsent(AmqpQueues.json(answer).getString("custom_id"), id -> new HashSet<>())
        .add(answer.getJMSMessageID());
  }

  private Map<String, String> settings(AmqpQueues queues) {
    Map<String, String> settings = new HashMap<>(queues.settings());
    settings.computeIfPresent(
        "caravan.queue.amqp.url", (name, url) -> url + "?jms.prefetchPolicy.all=" + PREFETCH);
    return settings;
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
          settings(queues));
      assertThat(models()).isEqualTo(200);
      assertThat(gateway().ready()).isTrue();
      await().atMost(PATIENCE).until(() -> !log.lines().isEmpty());
      broker.begin();
      List<String> ids = queues.sendMany("job-", 300);
      while (answers.size() < 50) {
        note(queues.receive(queues.answers));
      }
      int threads = threads();
      int told = log.lines().size();

      broker.kill();
      assertThat(models()).isEqualTo(200);
      await().atMost(PATIENCE).until(() -> log.lines().size() > told);
      assertThat(gauge("caravan.jobs.held")).isLessThanOrEqualTo(HELD);
      broker.begin();

      while (answers.size() < ids.size()) {
        note(queues.receive(queues.answers));
      }
      for (Message more : queues.rest(queues.answers)) {
        note(more);
      }
      assertThat(answers.keySet()).containsExactlyInAnyOrderElementsOf(ids);
      int repeats = answers.values().stream().mapToInt(Set::size).sum() - ids.size();
      // What the broker had lent when it died, it lends again, whether it is answered or not: that
      // is what was held and what was fetched ahead. Whoever is not told that an answer has
      // arrived sends it once more.
      assertThat(repeats).isLessThanOrEqualTo(HELD + PREFETCH + unsent());
      assertThat(queues.rest(queues.dead())).isEmpty();
      await()
          .atMost(PATIENCE)
          .untilAsserted(() -> assertThat(threads()).isLessThanOrEqualTo(threads));
    }
  }
}
