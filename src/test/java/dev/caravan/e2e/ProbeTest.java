package dev.caravan.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.caravan.simulator.Fault;
import dev.caravan.simulator.SimulatedServer;
import dev.caravan.testing.RawHttp;
import java.net.HttpURLConnection;
import java.net.URI;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Prompt probes take a sick server out before a user meets it, and let it in again. */
class ProbeTest extends EndToEnd {
  private static final Map<String, String> OFTEN =
      Map.of(
          "caravan.probe.enabled", "true",
          "caravan.probe.period", "150ms",
          "caravan.probe.timeout", "1500ms");

  static Stream<Fault> sicknesses() {
    return Stream.of(
        new Fault.HangBeforeHead(),
        new Fault.HangMidStream(0),
        new Fault.Garbage(),
        new Fault.Status(500),
        new Fault.Reset(),
        new Fault.Refuse());
  }

  private boolean eligible(String name) {
    return gateway().backend(name).availability().eligible();
  }

  private double probes(String backend, String result) {
    return gateway()
        .meters()
        .get("caravan.probes")
        .tags("backend", backend, "result", result)
        .counter()
        .count();
  }

  @ParameterizedTest
  @MethodSource("sicknesses")
  void sickServer_isEjected_getsNoTraffic_andIsRestoredWithoutARestart(Fault fault)
      throws Exception {
    SimulatedServer sick = simulated("sick");
    SimulatedServer well = simulated("well");
    start(
        PoolYaml.of(PoolYaml.MODEL)
            .balancer("weighted")
            .server("sick", sick.uri(), "weight: 256")
            .server("well", well.uri())
            .text(),
        OFTEN);
    assertThat(ask(Chat.whole("hello")).head().header("x-caravan-backend")).isEqualTo("sick");
    await().atMost(LONG).until(() -> probes("sick", "good") >= 2 && eligible("sick"));
    double unanswered = probes("sick", "unanswered");
    double wrong = probes("sick", "wrong");
    sick.fault(fault);
    await().atMost(LONG).until(() -> !eligible("sick"));
    assertThat(
            probes("sick", "unanswered") >= unanswered + 2 || probes("sick", "wrong") >= wrong + 3)
        .as(gateway().backend("sick").availability().reason())
        .isTrue();
    if (!(fault instanceof Fault.Refuse)) {
      assertThat(health(sick.uri())).as("its /health").isEqualTo(200);
    }
    for (int i = 0; i < 20; i++) {
      RawHttp.Answer answer = ask(Chat.whole("n" + i));
      assertThat(answer.status()).isEqualTo(200);
      assertThat(answer.head().header("x-caravan-backend")).isEqualTo("well");
      assertThat(answer.head().header("x-caravan-attempts")).isEqualTo("1");
    }
    assertThat(eligible("well")).isTrue();
    sick.heal();
    await().atMost(LONG).until(() -> eligible("sick"));
    assertThat(ask(Chat.whole("again")).status()).isEqualTo(200);
    await()
        .atMost(LONG)
        .until(() -> "sick".equals(ask(Chat.whole("again")).head().header("x-caravan-backend")));
  }

  @Test
  void probes_holdNoPlaceOnTheServer() throws Exception {
    SimulatedServer server = simulated("only");
    server.fault(new Fault.HangBeforeHead());
    start(PoolYaml.single(server.uri()), OFTEN);
    await().atMost(LONG).until(() -> server.received() >= 2);
    assertThat(gateway().inflight()).isZero();
  }

  @Test
  void lastServerEjected_isUsedAllTheSame() throws Exception {
    SimulatedServer server = simulated("only");
    server.fault(new Fault.Status(500));
    start(PoolYaml.single(server.uri()), OFTEN);
    await().atMost(LONG).until(() -> !eligible("only"));
    RawHttp.Answer answer = ask(Chat.whole("hello"));
    assertThat(answer.status()).as("its own").isEqualTo(500);
    assertThat(answer.head().header("x-caravan-backend")).isEqualTo("only");
  }

  @Test
  void lastServerEjected_withoutPanic_is503_andComesBack() throws Exception {
    SimulatedServer server = simulated("only");
    server.fault(new Fault.Status(500));
    start(
        PoolYaml.of(PoolYaml.MODEL).parameters("panic: 0").server("only", server.uri()).text(),
        OFTEN);
    await().atMost(LONG).until(() -> !eligible("only"));
    RawHttp.Answer answer = ask(Chat.whole("hello"));
    assertThat(answer.status()).isEqualTo(503);
    assertThat(answer.head().header("retry-after")).isNotNull();
    server.heal();
    await().atMost(LONG).until(() -> ask(Chat.whole("hello")).status() == 200);
  }

  private static int health(URI server) throws Exception {
    HttpURLConnection connection =
        (HttpURLConnection) server.resolve("/health").toURL().openConnection();
    connection.setConnectTimeout(10_000);
    connection.setReadTimeout(10_000);
    return connection.getResponseCode();
  }
}
