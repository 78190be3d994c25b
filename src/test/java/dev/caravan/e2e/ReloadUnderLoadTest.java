package dev.caravan.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.caravan.simulator.SimulatedServer;
import dev.caravan.testing.RawHead;
import dev.caravan.testing.RawHttp;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/**
 * Thousands of requests, streamed and not, on kept connections, while the routes change all along.
 */
class ReloadUnderLoadTest extends EndToEnd {
  private static final int CLIENTS = 8;
  private static final int REQUESTS = 3_000;
  private static final int RELOADS = 42;

  int clients() {
    return CLIENTS;
  }

  int requests() {
    return REQUESTS;
  }

  int reloads() {
    return RELOADS;
  }

  private final Queue<String> failures = new ConcurrentLinkedQueue<>();
  private final AtomicInteger answered = new AtomicInteger();
  private final AtomicLong streamed = new AtomicLong();
  private volatile boolean enough;

  /** A pool whose balancer is in a route of its own. */
  private static String routes(String balancer, String pool, String... servers) {
    StringBuilder steps = new StringBuilder();
    for (int i = 0; i < servers.length; i += 2) {
      steps.append(
          """
                        - circuitBreaker:
                            steps:
                              - to: { uri: "model:%s", parameters: { %s } }
          """
              .formatted(servers[i], servers[i + 1]));
    }
    return """
    - route:
        id: llama
        from:
          uri: pool:%s
          parameters: { %s }
          steps:
            - to: direct:balance
    - route:
        id: balance
        from:
          uri: direct:balance
          steps:
            - loadBalance:
                customLoadBalancer: { ref: %s }
                steps:
    %s
    """
        .formatted(PoolYaml.MODEL, pool, balancer, steps);
  }

  private static String server(SimulatedServer server, String more) {
    return "url: \"" + server.uri() + "\"" + more;
  }

  @Test
  void requests_whileRoutesChange_allSucceed() throws Exception {
    SimulatedServer a = simulated("a");
    SimulatedServer b = simulated("b");
    SimulatedServer c = simulated("c");
    String plain =
        routes("round-robin", "aliases: x", "a", server(a, ""), "b", server(b, ", weight: 2"));
    List<String> variants =
        List.of(
            plain,
            routes("least-inflight", "aliases: x", "a", server(a, ""), "c", server(c, "")),
            routes("weighted", "aliases: y", "a", server(a, ", weight: 3"), "b", server(b, "")),
            routes("least-tokens", "aliases: x, attempts: 2", "c", server(c, ", maxInflight: 64")),
            PoolYaml.of(PoolYaml.MODEL)
                .balancer("peak-ewma")
                .parameters("resume: on")
                .server("a", a.uri())
                .server("b", b.uri())
                .server("c", c.uri(), "weight: 5")
                .text());
    String errors = Files.readString(Path.of("routes/errors.yaml"));
    Map<String, String> settings = new HashMap<>(RouteFilesOnDisk.QUICK);
    RouteFilesOnDisk disk = new RouteFilesOnDisk(start(plain, settings));
    ExecutorService clients = Executors.newFixedThreadPool(clients());
    List<Future<?>> running = new ArrayList<>();
    for (int i = 0; i < clients(); i++) {
      boolean streams = i % 2 == 0;
      running.add(clients.submit(() -> client(streams)));
    }
    int reloads = 0;
    while (failures.isEmpty() && (reloads < reloads() || answered.get() < requests())) {
      reloads++;
      disk.apply("pools.yaml", variants.get(reloads % variants.size()));
      if (reloads % 7 == 3) {
        disk.apply("errors.yaml", errors + "# " + reloads + "\n");
        disk.apply(
            "errors.yaml",
            errors.replace(
                "- process:", "- setHeader: { name: x, constant: \"1\" }\n            - process:"));
      } else if (reloads % 7 == 6) {
        disk.delete("errors.yaml");
      } else if (reloads % 7 == 1) {
        disk.apply("more.yaml", PoolYaml.of("more" + reloads).server("d", a.uri()).text());
      } else if (reloads % 7 == 2) {
        disk.delete("more.yaml");
      }
    }
    enough = true;
    for (Future<?> each : running) {
      each.get();
    }
    clients.shutdown();
    assertThat(failures).isEmpty();
    assertThat(answered.get()).isGreaterThanOrEqualTo(requests());
    assertThat(streamed.get()).isPositive();
    assertThat(disk.count("rejected")).isZero();
    gateway().awaitIdle();
    await().atMost(LONG).until(() -> gateway().connections() == 0);
    disk.apply(
        "pools.yaml", plain + "# the end\n"); // another text than the last, whichever that was
    disk.awaitSwept(
        5 + 2 + (disk.has("more.yaml") ? 1 : 0),
        disk.has("more.yaml") ? new String[] {"a", "b", "d"} : new String[] {"a", "b"});
  }

  private void client(boolean streams) {
    int count = 0;
    try (RawHttp http = new RawHttp(gateway().port())) {
      while (!enough && failures.isEmpty()) {
        count++;
        String body = streams ? Chat.stream("hello " + count, 60) : Chat.whole("hello " + count);
        http.post(Chat.PATH, body.getBytes(StandardCharsets.UTF_8));
        if (streams) {
          stream(http);
        } else {
          RawHttp.Answer answer = http.answer();
          if (answer.status() != 200 || !answer.text().contains("\"finish_reason\"")) {
            failures.add(answer.status() + " " + answer.text());
          }
        }
        answered.incrementAndGet();
      }
    } catch (Exception e) {
      failures.add("after " + count + " requests: " + e);
    }
  }

  private void stream(RawHttp http) throws Exception {
    RawHead head = http.head();
    StringBuilder all = new StringBuilder();
    if (head.status() != 200 || !head.is("transfer-encoding", "chunked")) {
      failures.add(head.text());
      return;
    }
    for (String part = http.chunk().text(); !part.isEmpty(); part = http.chunk().text()) {
      all.append(part);
    }
    streamed.addAndGet(all.length());
    if (all.indexOf("data: {\"error\"") >= 0 || !all.toString().endsWith("data: [DONE]\n\n")) {
      failures.add("a stream that ends with " + all.substring(Math.max(0, all.length() - 200)));
    }
  }
}
