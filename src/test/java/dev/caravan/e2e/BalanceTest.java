package dev.caravan.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.caravan.simulator.Fault;
import dev.caravan.simulator.SimulatedServer;
import dev.caravan.testing.RawHttp;
import dev.caravan.testing.ScriptedServer;
import dev.caravan.testing.Together;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** How many requests which server gets. */
class BalanceTest extends EndToEnd {

  private List<RawHttp> askWithoutReading(int count) throws Exception {
    List<RawHttp> clients = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      RawHttp client = client();
      client.post(Chat.PATH, Chat.whole("n" + i));
      clients.add(client);
    }
    return clients;
  }

  @Test
  void leastInflight_withEqualServers_spreadsEvenly() throws Exception {
    PoolYaml pool = PoolYaml.of(PoolYaml.MODEL).balancer("least-inflight");
    List<SimulatedServer> servers = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      SimulatedServer server = simulated("s" + i);
      server.fault(new Fault.HangBeforeHead());
      servers.add(server);
      pool.server("s" + i, server.uri());
    }
    start(pool.text(), java.util.Map.of("caravan.event-loops", "1"));
    askWithoutReading(30);
    await().atMost(LONG).until(() -> gateway().inflight() == 30);
    assertThat(servers).allSatisfy(server -> assertThat(inflight(server.name())).isEqualTo(10));
  }

  @Test
  void prefixAffinity_conversation_staysWhereItsPromptIsCached() throws Exception {
    SimulatedServer a = simulated("a");
    SimulatedServer b = simulated("b");
    start(
        PoolYaml.of(PoolYaml.MODEL)
            .balancer("prefix-affinity")
            .server("a", a.uri())
            .server("b", b.uri())
            .text());
    String prompt = "The camels rest at noon. ".repeat(4_000);
    String first = ask(Chat.whole(prompt)).head().header("x-caravan-backend");
    assertThat(first).isIn("a", "b");
    for (int turn = 1; turn <= 5; turn++) {
      prompt += "And at night they walk. ".repeat(100);
      assertThat(ask(Chat.whole(prompt)).head().header("x-caravan-backend")).isEqualTo(first);
    }
  }

  @Test
  void leastInflight_withUnequalServers_spreadsByWeight() throws Exception {
    SimulatedServer big = simulated("big");
    SimulatedServer small = simulated("small");
    big.fault(new Fault.HangBeforeHead());
    small.fault(new Fault.HangBeforeHead());
    start(
        PoolYaml.of(PoolYaml.MODEL)
            .balancer("least-inflight")
            .server("big", big.uri(), "weight: 3")
            .server("small", small.uri())
            .text(),
        java.util.Map.of("caravan.event-loops", "1"));
    askWithoutReading(40);
    await().atMost(LONG).until(() -> gateway().inflight() == 40);
    assertThat(inflight("big")).isBetween(29, 31);
  }

  private int inflight(String name) {
    return gateway().backend(name).inflight();
  }

  @Test
  void maxInflight_isNeverPassed_andTheRestIsRefusedAtOnce() throws Exception {
    SimulatedServer a = simulated("a");
    SimulatedServer b = simulated("b");
    a.fault(new Fault.HangBeforeHead());
    b.fault(new Fault.HangBeforeHead());
    start(
        PoolYaml.of(PoolYaml.MODEL)
            .balancer("least-inflight")
            .server("a", a.uri(), "maxInflight: 5")
            .server("b", b.uri(), "maxInflight: 7")
            .text());
    askWithoutReading(50);
    await().atMost(LONG).until(() -> gateway().accessLog().size() == 38);
    assertThat(gateway().accessLog()).allMatch(line -> line.contains("\"status\":503"));
    await().atMost(LONG).until(() -> a.running() + b.running() == 12);
    assertThat(a.received()).isEqualTo(5);
    assertThat(b.received()).isEqualTo(7);
  }

  @Test
  void maxInflight_under50ParallelClients_isNeverPassedOnTheWire() throws Exception {
    int whole = ScriptedServer.whole(200, "{}").length();
    AtomicInteger running = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    ScriptedServer server =
        scripted(
            (peer, connection) -> {
              while (peer.request() != null) {
                most.accumulateAndGet(running.incrementAndGet(), Math::max);
                // The gateway holds its place until the last byte, which goes out alone.
                peer.send(ScriptedServer.whole(200, "{}").substring(0, whole - 1));
                running.decrementAndGet();
                peer.send("}");
              }
            });
    start(PoolYaml.single(server.uri(), "maxInflight: 3"));
    AtomicInteger answered = new AtomicInteger();
    List<Integer> statuses =
        Together.run(
                50,
                () -> {
                  List<Integer> seen = new ArrayList<>();
                  try (RawHttp client = new RawHttp(gateway().port())) {
                    for (int i = 0; i < 20; i++) {
                      client.post(Chat.PATH, Chat.whole("n" + i));
                      seen.add(client.answer().status());
                      answered.incrementAndGet();
                    }
                  }
                  return seen;
                })
            .stream()
            .flatMap(List::stream)
            .toList();
    assertThat(statuses).hasSize(1_000).isSubsetOf(200, 503).contains(200);
    assertThat(most.get()).isBetween(1, 3);
    assertThat(server.requests()).hasSize((int) statuses.stream().filter(s -> s == 200).count());
  }

  @Test
  void weighted_spreadsSmoothly() throws Exception {
    PoolYaml pool = PoolYaml.of(PoolYaml.MODEL).balancer("weighted");
    for (String name : List.of("a", "b", "c")) {
      pool.server(name, simulated(name).uri(), "weight: " + (name.equals("a") ? 5 : 1));
    }
    start(pool.text());
    StringBuilder order = new StringBuilder();
    for (int i = 0; i < 14; i++) {
      order.append(ask(Chat.whole("n" + i)).head().header("x-caravan-backend"));
    }
    assertThat(order.toString()).isEqualTo("aabacaa".repeat(2));
  }

  @Test
  void roundRobin_goesRound_overOneConnectionAsOverMany() throws Exception {
    PoolYaml pool = PoolYaml.of(PoolYaml.MODEL).balancer("round-robin");
    for (String name : List.of("a", "b", "c")) {
      pool.server(name, simulated(name).uri());
    }
    start(pool.text());
    RawHttp client = client();
    for (int round = 0; round < 4; round++) {
      List<String> seen = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        client.post(Chat.PATH, Chat.whole("n" + i));
        seen.add(client.answer().head().header("x-caravan-backend"));
      }
      assertThat(seen).containsExactlyInAnyOrder("a", "b", "c");
    }
  }
}
