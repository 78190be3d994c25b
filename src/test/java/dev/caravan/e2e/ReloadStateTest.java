package dev.caravan.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.caravan.fleet.Backend;
import dev.caravan.route.file.RouteFileStatus;
import dev.caravan.simulator.Fault;
import dev.caravan.simulator.SimulatedServer;
import dev.caravan.testing.RawHttp;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.camel.Consumer;
import org.apache.camel.Endpoint;
import org.apache.camel.Exchange;
import org.apache.camel.Processor;
import org.apache.camel.Producer;
import org.apache.camel.support.DefaultComponent;
import org.apache.camel.support.DefaultConsumer;
import org.apache.camel.support.DefaultEndpoint;
import org.junit.jupiter.api.Test;

/**
 * What survives a change of the routes: what is known of servers, jobs, and routes from outside.
 */
class ReloadStateTest extends EndToEnd {

  /** Where messages come from outside, and which must not be listened to twice. */
  private static final class Outside extends DefaultComponent {
    final List<String> told = new CopyOnWriteArrayList<>();
    volatile String refuses = "nobody";

    @Override
    protected Endpoint createEndpoint(String uri, String name, Map<String, Object> parameters) {
      parameters.clear();
      return new DefaultEndpoint(uri, this) {
        @Override
        public Producer createProducer() {
          throw new UnsupportedOperationException();
        }

        @Override
        public Consumer createConsumer(Processor processor) {
          return new DefaultConsumer(this, processor) {
            @Override
            protected void doStart() throws Exception {
              super.doStart();
              if (uri.endsWith(refuses)) {
                throw new IllegalStateException("the broker says no");
              }
              told.add("start " + uri);
            }

            @Override
            protected void doStop() throws Exception {
              told.add("stop " + uri);
              super.doStop();
            }
          };
        }
      };
    }
  }

  private static String outside(String uri, String step) {
    return "- route:\n    id: outside\n    from:\n      uri: \"%s\"\n      steps: [ { %s } ]\n"
        .formatted(uri, step);
  }

  private RouteFilesOnDisk start(String routes, Outside outside) throws Exception {
    Map<String, String> settings = new HashMap<>(RouteFilesOnDisk.QUICK);
    settings.put(
        "caravan.routes.schemes",
        "pool,model,jobs,direct,probe,kafka,amqp,outside,from:netty-http,log");
    return new RouteFilesOnDisk(start(routes, settings, Map.of("outside", outside)));
  }

  @Test
  void routeFromOutside_isStoppedAndStarted_onlyWhenItChanges() throws Exception {
    SimulatedServer a = simulated("a");
    Outside outside = new Outside();
    String pool = PoolYaml.single(a.uri());
    RouteFilesOnDisk disk = start(pool + outside("outside:one", "log: a"), outside);
    assertThat(outside.told).containsExactly("start outside://one");

    disk.apply(
        "pools.yaml", PoolYaml.single(a.uri(), "weight: 2") + outside("outside:one", "log: a"));
    disk.apply("other.yaml", PoolYaml.of("other").server("only", a.uri(), "weight: 2").text());
    disk.apply("pools.yaml", "# a comment\n" + PoolYaml.single(a.uri(), "weight: 2"));
    await().atMost(LONG).until(() -> outside.told.size() == 2);
    disk.apply("pools.yaml", pool + outside("outside:one", "log: a"));
    disk.delete("other.yaml");
    assertThat(outside.told)
        .containsExactly("start outside://one", "stop outside://one", "start outside://one");

    outside.told.clear();
    disk.apply("pools.yaml", pool + outside("outside:one", "log: b"));
    assertThat(outside.told).containsExactly("stop outside://one", "start outside://one");
    disk.apply("pools.yaml", pool + outside("outside:two", "log: b"));
    assertThat(outside.told).endsWith("stop outside://one", "start outside://two");
    assertThat(disk.status("pools.yaml").routeIds()).containsExactly(PoolYaml.MODEL, "outside");
    disk.awaitSwept(7, "only");
  }

  @Test
  void routeFromOutside_thatDoesNotStart_leavesTheOneBefore() throws Exception {
    SimulatedServer a = simulated("a");
    Outside outside = new Outside();
    String pool = PoolYaml.single(a.uri());
    RouteFilesOnDisk disk = start(pool + outside("outside:one", "log: a"), outside);
    outside.refuses = "two";
    RouteFileStatus status =
        disk.refused("pools.yaml", pool + outside("outside:two", "to: \"pool:*\""));
    assertThat(status.errors()).hasSize(1);
    assertThat(status.errors().get(0).toString())
        .contains("route outside: it did not start: the broker says no");
    assertThat(outside.told)
        .containsSubsequence("stop outside://one", "start outside://one")
        .doesNotContain("start outside://two");
    assertThat(ask(Chat.whole("still")).status()).isEqualTo(200);
    disk.apply("pools.yaml", pool + outside("outside:three", "log: c"));
    assertThat(outside.told).containsSubsequence("stop outside://one", "start outside://three");
    disk.awaitSwept(7, "only");
  }

  @Test
  void breakerAndEjection_ofAnUnchangedServer_stay() throws Exception {
    SimulatedServer sick = simulated("sick");
    SimulatedServer well = simulated("well");
    PoolYaml yaml =
        PoolYaml.of(PoolYaml.MODEL)
            .breaker("minimumNumberOfCalls: 3, waitDurationInOpenState: 600")
            .server("sick", sick.uri())
            .server("well", well.uri());
    RouteFilesOnDisk disk = new RouteFilesOnDisk(start(yaml.text(), RouteFilesOnDisk.QUICK));
    sick.fault(new Fault.Status(500));
    Backend backend = gateway().backend("sick");
    await()
        .atMost(LONG)
        .until(
            () -> {
              ask(Chat.whole("x"));
              return !backend.gate().permits();
            });
    disk.apply("pools.yaml", yaml.parameters("attempts: 2").text());
    assertThat(gateway().backend("sick")).isSameAs(backend);
    assertThat(backend.gate().permits()).isFalse();
    disk.awaitSwept(6, "sick", "well");
    assertThat(backend.gate().permits()).isFalse();
    assertThat(ask(Chat.whole("y")).head().header("x-caravan-backend")).isEqualTo("well");
    double attempts =
        gateway()
            .meters()
            .get("caravan.breaker.state")
            .tags("backend", "sick", "state", "open")
            .gauge()
            .value();
    assertThat(attempts).isEqualTo(1);
  }

  @Test
  void conversation_staysAtItsServer() throws Exception {
    SimulatedServer a = simulated("a");
    SimulatedServer b = simulated("b");
    SimulatedServer c = simulated("c");
    PoolYaml yaml =
        PoolYaml.of(PoolYaml.MODEL)
            .balancer("least-inflight")
            .server("a", a.uri())
            .server("b", b.uri())
            .server("c", c.uri());
    RouteFilesOnDisk disk =
        new RouteFilesOnDisk(
            start(yaml.parameters("affinity: soft").text(), RouteFilesOnDisk.QUICK));
    List<String> homes = homes();
    assertThat(homes).doesNotHaveDuplicates().isNotEmpty();
    disk.apply("pools.yaml", yaml.parameters("attempts: 2").text());
    assertThat(homes()).isEqualTo(homes);
    disk.apply("pools.yaml", yaml.balancer("round-robin").text());
    assertThat(homes()).isEqualTo(homes);
  }

  /** Where the conversations of some sessions are at home, each once. */
  private List<String> homes() throws Exception {
    List<String> homes = new ArrayList<>();
    for (int i = 0; i < 12; i++) {
      String home =
          String.valueOf(
              ask(Chat.whole("x"), "x-session-id: session-" + i)
                  .head()
                  .header("x-caravan-backend"));
      homes.add(i + " " + home);
    }
    return homes;
  }

  @Test
  void jobsThatAreHeld_runUnderTheNewRoute() throws Exception {
    SimulatedServer a = simulated("a");
    String jobs =
        """
        - route:
            id: in
            from: { uri: "direct:in", steps: [ { to: "jobs:work" } ] }
        - route:
            id: work
            from:
              uri: jobs:work
              parameters: { answers: route, deadLetters: "log:dead", url: /v1/chat/completions, inflight: %s }
              steps: [ { to: "pool:*" } ]
        """;
    RouteFilesOnDisk disk =
        start(PoolYaml.single(a.uri(), "maxInflight: 1") + jobs.formatted("1"), new Outside());
    List<CompletableFuture<Exchange>> sent = new ArrayList<>();
    for (int i = 0; i < 12; i++) {
      sent.add(
          gateway()
              .send(
                  "direct:in",
                  Chat.body("job " + i, "\"max_tokens\":200,\"min_tokens\":200"),
                  Map.of()));
    }
    await().atMost(LONG).until(() -> gateway().jobs() > 4);
    disk.apply("pools.yaml", PoolYaml.single(a.uri(), "maxInflight: 8") + jobs.formatted("8"));
    assertThat(gateway().jobs()).as("they are still there").isPositive();
    for (CompletableFuture<Exchange> each : sent) {
      Exchange exchange = each.get();
      assertThat(exchange.getException()).isNull();
      assertThat(exchange.getMessage().getBody(String.class)).contains("\"status_code\":200");
    }
    await().atMost(LONG).until(() -> gateway().jobs() == 0);
    disk.awaitSwept(8, "only");
  }

  @Test
  void streamThatBreaksOff_afterItsRouteWasReplaced_goesOn() throws Exception {
    SimulatedServer a = simulated("a");
    SimulatedServer b = simulated("b");
    PoolYaml yaml =
        PoolYaml.of(PoolYaml.MODEL)
            .parameters("resume: on")
            .balancer("weighted")
            .server("a", a.uri(), "weight: 200")
            .server("b", b.uri());
    RouteFilesOnDisk disk = new RouteFilesOnDisk(start(yaml.text(), RouteFilesOnDisk.QUICK));
    RawHttp client = client();
    client.post(Chat.PATH, Chat.stream("long", 3_000).getBytes(StandardCharsets.UTF_8));
    assertThat(client.head().header("x-caravan-backend")).isEqualTo("a");
    client.chunk();
    disk.apply("pools.yaml", yaml.parameters("attempts: 3").text());
    disk.apply("more.yaml", "# so that others are swept meanwhile\n");
    assertThat(gateway().camelRoutes()).as("the old one stays for the stream").hasSize(7);
    a.close();
    StringBuilder all = new StringBuilder();
    for (String part = client.chunk().text(); !part.isEmpty(); part = client.chunk().text()) {
      all.append(part);
    }
    assertThat(all.toString()).endsWith("data: [DONE]\n\n").doesNotContain("\"error\"");
    assertThat(
            gateway()
                .meters()
                .get("caravan.resumptions")
                .tag("result", "resumed")
                .counter()
                .count())
        .isEqualTo(1);
    disk.awaitSwept(6, "a", "b");
  }
}
