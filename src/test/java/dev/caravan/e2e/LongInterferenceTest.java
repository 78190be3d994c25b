package dev.caravan.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.caravan.simulator.SimulatedServer;
import dev.caravan.testing.KafkaBroker;
import dev.caravan.time.Ticker;
import io.vertx.core.Context;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.PoolOptions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * What a saturated backlog in a real Kafka does to the first tokens of interactive requests. Real
 * time passes, a minute and a half of it: for a machine that has nothing else to do.
 */
@Tag("chaos")
class LongInterferenceTest extends EndToEnd {
  @RegisterExtension static final KafkaBroker BROKER = new KafkaBroker();

  private static final Ticker TICKER = Ticker.system();
  private static final int SERVERS = 4;
  private static final int WARM = 40;
  private static final int MEASURED = 400;
  private static final double PER_SECOND = 10;
  private static final int JOBS = 3_000;

  /** Interactive requests at random times, whatever becomes of those before, from one thread. */
  private final class Load {
    private final HttpClient client =
        vertx.createHttpClient(new HttpClientOptions(), new PoolOptions().setHttp1MaxSize(1_000));
    private final Context context = vertx.getOrCreateContext();
    private final List<Long> firstTokens = new ArrayList<>();
    private final CompletableFuture<List<Long>> done = new CompletableFuture<>();
    private final int count;
    private int ended;

    Load(int count) {
      this.count = count;
    }

    /** Asks, and gives nanoseconds from when each was due to its first token, the least first. */
    List<Long> run(String name, long seed) throws Exception {
      Random random = new Random(seed);
      context.runOnContext(
          start -> {
            double at = 1;
            for (int i = 0; i < count; i++) {
              at += -Math.log(1 - random.nextDouble()) * 1_000 / PER_SECOND;
              int words = 150 + random.nextInt(1_500);
              String body = Chat.stream(name + i + " " + "word ".repeat(words), 24);
              vertx.setTimer((long) at, timer -> ask(body));
            }
          });
      List<Long> all = done.get(5, TimeUnit.MINUTES);
      client.close();
      return all.stream().sorted().toList();
    }

    private void ask(String body) {
      long due = TICKER.nanos();
      client
          .request(HttpMethod.POST, gateway().port(), "127.0.0.1", Chat.PATH)
          .compose(request -> request.send(body))
          .onFailure(done::completeExceptionally)
          .onSuccess(
              response -> {
                if (response.statusCode() != 200) {
                  done.completeExceptionally(
                      new IllegalStateException("status " + response.statusCode()));
                }
                boolean[] first = {true};
                response.handler(
                    piece -> {
                      if (first[0]) {
                        first[0] = false;
                        firstTokens.add(TICKER.nanos() - due);
                      }
                    });
                response.exceptionHandler(done::completeExceptionally);
                response.endHandler(
                    end -> {
                      if (++ended == count) {
                        done.complete(firstTokens);
                      }
                    });
              });
    }
  }

  private static long percentile(List<Long> sorted, int percent) {
    return sorted.get((sorted.size() * percent + 99) / 100 - 1);
  }

  private static double millis(long nanos) {
    return nanos / 1e6;
  }

  private double answered() {
    return gateway().meters().get("caravan.jobs").tag("outcome", "answered").counter().count();
  }

  @Test
  void interactiveFirstTokens_areAFifthLaterAtMost() throws Exception {
    PoolYaml pool = PoolYaml.of(PoolYaml.MODEL).balancer("least-tokens");
    for (int i = 0; i < SERVERS; i++) {
      // A card of a quarter of the speed: a step is far longer than what this machine adds to it.
      pool.server(
          "s" + i,
          simulated(SimulatedServer.builder(vertx).name("s" + i).speedup(1).stepFactor(4).seed(i))
              .uri(),
          "maxInflight: 32");
    }
    try (KafkaQueues queues = new KafkaQueues(BROKER, 4)) {
      start(pool.text() + queues.routes("inflight: 192", "held: 384"), queues.settings());
      new Load(WARM).run("warm", 1);
      List<Long> alone = new Load(MEASURED).run("alone", 7);

      Random random = new Random(3);
      for (int i = 0; i < JOBS; i++) {
        int words = 150 + random.nextInt(1_500);
        queues.send(
            "job-" + i,
            Chat.body(
                "job " + i + " " + "word ".repeat(words), "\"max_tokens\":" + (32 + i % 256)));
      }
      await()
          .atMost(Duration.ofSeconds(30))
          .until(() -> gateway().meters().get("caravan.jobs.paused").gauge().value() == 1);
      new Load(WARM).run("warm again", 2);
      double before = answered();
      List<Long> beside = new Load(MEASURED).run("beside", 7);
      double jobs = answered() - before;
      boolean saturated = gateway().meters().get("caravan.jobs.paused").gauge().value() == 1;

      String figures =
          String.format(
              "first token alone: p50 %.0f ms, p99 %.0f ms; beside a backlog: p50 %.0f ms, p99 %.0f ms"
                  + " (%.2f); %.0f jobs were answered meanwhile",
              millis(percentile(alone, 50)),
              millis(percentile(alone, 99)),
              millis(percentile(beside, 50)),
              millis(percentile(beside, 99)),
              (double) percentile(beside, 99) / percentile(alone, 99),
              jobs);
      System.out.println(figures);
      assertThat(saturated).as("still saturated at the end").isTrue();
      assertThat(jobs).as(figures).isPositive();
      assertThat((double) percentile(beside, 99))
          .as(figures)
          .isLessThanOrEqualTo(1.2 * percentile(alone, 99));
      gateway().drain();
    }
  }
}
