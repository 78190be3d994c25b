package dev.caravan.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.caravan.simulator.SimulatedServer;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Hundreds of changes leave nothing behind. */
class ReloadGrowthTest extends EndToEnd {
  private static final int WARM_UP = 60;
  private static final int CHANGES = 240;
  private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

  /** What could grow. */
  private record Footprint(int routes, int endpoints, int meters, int threads, long heap) {}

  private Footprint footprint() {
    System.gc();
    System.gc();
    Runtime runtime = Runtime.getRuntime();
    return new Footprint(
        gateway().camelRoutes().size(),
        gateway().endpoints(),
        gateway().meters().getMeters().size(),
        THREADS.getThreadCount(),
        runtime.totalMemory() - runtime.freeMemory());
  }

  @Test
  void hundredsOfChanges_leaveNothingBehind() throws Exception {
    SimulatedServer a = simulated("a");
    Map<String, String> settings = new HashMap<>();
    settings.put("caravan.routes.reload-period", "1ms");
    settings.put("caravan.routes.reload-quiet", "2ms");
    RouteFilesOnDisk disk = new RouteFilesOnDisk(start(text(a, 0), settings));
    for (int i = 1; i <= WARM_UP; i++) {
      change(disk, a, i);
    }
    settle(disk, a);
    Footprint before = footprint();
    for (int i = WARM_UP + 1; i <= WARM_UP + CHANGES; i++) {
      change(disk, a, i);
    }
    settle(disk, a);
    Footprint after = footprint();
    assertThat(after.routes()).isEqualTo(before.routes());
    assertThat(after.endpoints()).isEqualTo(before.endpoints());
    assertThat(after.meters()).isEqualTo(before.meters());
    assertThat(after.threads()).isLessThanOrEqualTo(before.threads() + 2);
    // A server, a pool and their meters that stayed would be 100 KiB each time.
    assertThat(after.heap() - before.heap()).isLessThan(CHANGES * 20L * 1024);
  }

  private void change(RouteFilesOnDisk disk, SimulatedServer server, int i) throws Exception {
    if (i % 5 == 0) {
      disk.refused("pools.yaml", text(server, i) + "        - process: { ref: nobody }\n");
    } else {
      disk.apply("pools.yaml", text(server, i));
    }
    if (i % 10 == 1) {
      assertThat(ask(Chat.whole("hello")).status()).isEqualTo(200);
    }
  }

  private static String text(SimulatedServer server, int i) {
    return PoolYaml.of(PoolYaml.MODEL)
            .balancer("prefix-affinity")
            .server("only", server.uri(), "weight: " + (1 + i % 7))
            .text()
        + PoolYaml.of("pool-" + i).server("server-" + i, server.uri()).text();
  }

  private void settle(RouteFilesOnDisk disk, SimulatedServer server) throws Exception {
    disk.apply("pools.yaml", PoolYaml.single(server.uri()));
    disk.awaitSwept(6, "only");
    await()
        .atMost(LONG)
        .pollDelay(Duration.ZERO)
        .until(
            () ->
                gateway().meters().getMeters().stream()
                    .noneMatch(m -> String.valueOf(m.getId().getTag("pool")).startsWith("pool-")));
  }
}
