package dev.caravan.crash;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caravan.e2e.PoolYaml;
import dev.caravan.simulator.SimulatedServer;
import dev.caravan.testing.JavaProcess;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** Kills the gateway again and again while jobs flow, and counts what comes of them. */
final class Kills {
  /** Jobs that the gateway may have unsettled: at most so many run again for each kill. */
  private static final int HELD = 64;

  /** Empty reads in a row, of a second each, after which nothing more is expected. */
  private static final int SILENCE = 90;

  private Kills() {}

  /**
   * Sends jobs, kills the gateway so many times at random points of their progress, and checks that
   * each is answered, and how many twice.
   *
   * @param seed of the points
   */
  static void run(Side side, int jobs, int kills, long seed) throws Exception {
    Vertx vertx = Vertx.vertx();
    Path routes = Files.createTempFile("routes", ".yaml");
    List<SimulatedServer> servers = new ArrayList<>();
    try {
      for (String name : List.of("a", "b")) {
        servers.add(
            SimulatedServer.builder(vertx)
                .name(name)
                .speedup(100)
                .wallClock(() -> 1_700_000_000_000L)
                .build()
                .startAndWait());
      }
      Files.writeString(routes, pool(servers) + side.routes(HELD));
      List<String> arguments = new ArrayList<>(List.of(routes.toString()));
      side.settings().forEach((name, value) -> arguments.add(name + "=" + value));
      try (JavaProcess gateway = new JavaProcess(GatewayMain.class, "256m", arguments)) {
        gateway.start();
        Map<String, Integer> answered = flow(side, gateway, jobs, kills, new Random(seed));
        judge(side, answered, jobs, kills);
      }
    } finally {
      servers.forEach(SimulatedServer::close);
      vertx.close().toCompletionStage().toCompletableFuture().join();
      Files.delete(routes);
    }
  }

  private static Map<String, Integer> flow(
      Side side, JavaProcess gateway, int jobs, int kills, Random random) throws Exception {
    List<String> ids = new ArrayList<>();
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < jobs; i++) {
      ids.add("job-" + i);
      lines.add(line("job-" + i));
    }
    side.send(ids, lines);
    Map<String, Integer> answered = new HashMap<>();
    int killed = 0;
    int next = random.nextInt(jobs / (kills + 1)) + 1;
    int silent = 0;
    while (answered.size() < jobs && silent < SILENCE) {
      List<String> more = side.answers();
      more.forEach(id -> answered.merge(id, 1, Integer::sum));
      silent = more.isEmpty() ? silent + 1 : 0;
      if (killed < kills && answered.size() >= next) {
        gateway.kill();
        killed++;
        // The last kill is due well before the end: answers are read many at a time.
        int left = Math.max(0, jobs * 4 / 5 - answered.size());
        next = answered.size() + 1 + random.nextInt(left / Math.max(1, kills - killed) + 1);
        gateway.start();
      }
    }
    assertThat(killed).as("kills while jobs flowed").isEqualTo(kills);
    return answered;
  }

  private static void judge(Side side, Map<String, Integer> answered, int jobs, int kills)
      throws Exception {
    // What runs a second time may still be on its way.
    side.answers().forEach(id -> answered.merge(id, 1, Integer::sum));
    int twice = answered.values().stream().mapToInt(count -> count - 1).sum();
    System.out.printf(
        "%d jobs, %d kills of the gateway: %d answered, %d answers twice (%.1f a kill)%n",
        jobs, kills, answered.size(), twice, (double) twice / kills);
    assertThat(answered).as("jobs that were answered").hasSize(jobs);
    assertThat(twice).as("answers that came again").isLessThanOrEqualTo(kills * HELD);
    assertThat(side.deadLetters()).as("dead letters").isZero();
  }

  private static String line(String id) {
    return new JsonObject()
        .put("custom_id", id)
        .put("method", "POST")
        .put("url", "/v1/chat/completions")
        .put(
            "body",
            new JsonObject()
                .put("model", PoolYaml.MODEL)
                .put("max_tokens", 16)
                .put(
                    "messages",
                    new JsonArray()
                        .add(new JsonObject().put("role", "user").put("content", "Hello " + id))))
        .encode();
  }

  private static String pool(List<SimulatedServer> servers) {
    PoolYaml pool = PoolYaml.of(PoolYaml.MODEL).balancer("least-inflight");
    servers.forEach(server -> pool.server("s" + server.uri().getPort(), server.uri()));
    return pool.text();
  }
}
