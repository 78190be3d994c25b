package dev.caravan.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.caravan.fleet.ServerState;
import dev.caravan.simulator.Dialect;
import dev.caravan.simulator.EngineParameters;
import dev.caravan.simulator.Fault;
import dev.caravan.simulator.SimulatedServer;
import dev.caravan.testing.CapturedLog;
import dev.caravan.testing.RawHttp;
import dev.caravan.testing.ScriptedServer;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Hung, busy and down are told apart by what a server and its engine say, and by prompts. */
class HealthSignalsTest extends EndToEnd {

  /** Times a fiftieth of the defaults or so. */
  private static Map<String, String> settings(String... more) {
    Map<String, String> all = new TreeMap<>();
    all.put("caravan.health.enabled", "true");
    all.put("caravan.health.period", "100ms");
    all.put("caravan.health.timeout", "2s");
    for (int i = 0; i < more.length; i += 2) {
      all.put(more[i], more[i + 1]);
    }
    return all;
  }

  private static Map<String, String> probing(String period, String firstToken, String timeout) {
    return settings(
        "caravan.probe.enabled", "true",
        "caravan.probe.period", period,
        "caravan.probe.first-token", firstToken,
        "caravan.probe.timeout", timeout);
  }

  private ServerState state(String name) {
    return gateway().backend(name).availability().state();
  }

  private double counted(String meter, String backend, String result) {
    return gateway()
        .meters()
        .get(meter)
        .tags("backend", backend, "result", result)
        .counter()
        .count();
  }

  private double gauge(String meter, String backend) {
    Gauge gauge = gateway().meters().find(meter).tag("backend", backend).gauge();
    return gauge == null ? Double.NaN : gauge.value();
  }

  /** How often the server was asked with a prompt by the gateway itself. */
  private static long prompts(SimulatedServer server) {
    return server.requests().stream()
        .filter(request -> request.path().startsWith("/v1/"))
        .filter(request -> request.header("x-request-id").orElse("").startsWith("probe-"))
        .count();
  }

  @ParameterizedTest
  @EnumSource(value = Dialect.class, mode = EnumSource.Mode.EXCLUDE, names = "NONE")
  void engineOfEveryKind_isRead(Dialect dialect) throws Exception {
    SimulatedServer server =
        simulated(
            SimulatedServer.builder(vertx)
                .metrics(dialect)
                .parameters(EngineParameters.H100.withMaxSequences(1))
                .speedup(100));
    server.fault(new Fault.Slow(1_000)); // 83 ms a token
    start(PoolYaml.single(server.uri()), settings());
    List<RawHttp> streams = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      RawHttp stream = client();
      stream.post(Chat.PATH, Chat.stream("n" + i, 10_000));
      streams.add(stream);
    }
    await().atMost(LONG).until(() -> gauge("caravan.backend.engine.running", "only") == 1);
    await().atMost(LONG).until(() -> gauge("caravan.backend.engine.waiting", "only") == 2);
    await().atMost(LONG).until(() -> state("only") == ServerState.BUSY);
    boolean saysKv = dialect == Dialect.VLLM || dialect == Dialect.SGLANG;
    assertThat(gauge("caravan.backend.engine.kv.usage", "only") > 0).isEqualTo(saysKv);
    assertThat(gateway().inflight()).as("checks are not in flight").isEqualTo(3);
    for (RawHttp stream : streams) {
      stream.close();
    }
    await().atMost(LONG).until(() -> gauge("caravan.backend.engine.running", "only") == 0);
    await().atMost(LONG).until(() -> state("only") == ServerState.HEALTHY);
  }

  @Test
  void serverWithoutMetrics_isSaidOnce_andWorks() throws Exception {
    SimulatedServer server =
        simulated(SimulatedServer.builder(vertx).metrics(Dialect.NONE).speedup(100));
    try (CapturedLog log = CapturedLog.of("dev.caravan.route.probe.Pulse")) {
      start(PoolYaml.single(server.uri()), settings());
      await().atMost(LONG).until(() -> server.requests("/health").size() >= 5);
      assertThat(server.requests("/metrics")).hasSize(1);
      assertThat(log.lines())
          .containsExactly(
              "INFO only has no /metrics (status 404): its queue and progress are seen in its"
                  + " answers alone");
    }
    assertThat(ask(Chat.whole("hello")).status()).isEqualTo(200);
    assertThat(state("only")).isEqualTo(ServerState.HEALTHY);
  }

  @Test
  void noHealthEndpoint_isNoFailure() throws Exception {
    SimulatedServer server = simulated("only");
    start(PoolYaml.single(server.uri(), "health: /healthz"), settings());
    await().atMost(LONG).until(() -> counted("caravan.health.checks", "only", "ok") == 1);
    await().atMost(LONG).until(() -> server.requests("/metrics").size() >= 5);
    assertThat(server.requests("/healthz")).hasSize(1);
    assertThat(state("only")).isEqualTo(ServerState.HEALTHY);
  }

  @ParameterizedTest
  @ValueSource(ints = {503, Fault.Unhealthy.SILENT})
  void unhealthyServer_isDown_andComesBackByItself(int status) throws Exception {
    SimulatedServer sick = simulated("sick");
    SimulatedServer well = simulated("well");
    start(
        PoolYaml.of(PoolYaml.MODEL).server("sick", sick.uri()).server("well", well.uri()).text(),
        settings("caravan.health.timeout", "300ms"));
    sick.fault(new Fault.Unhealthy(status));
    await().atMost(LONG).until(() -> state("sick") == ServerState.DOWN);
    assertThat(counted("caravan.health.checks", "sick", "failed")).isGreaterThanOrEqualTo(3);
    for (int i = 0; i < 6; i++) {
      assertThat(ask(Chat.whole("n" + i)).head().header("x-caravan-backend")).isEqualTo("well");
    }
    sick.heal();
    await().atMost(LONG).until(() -> gateway().backend("sick").availability().eligible());
  }

  @Test
  void goneServer_isDownAtOnce_isAskedEverySecond_andComesBack() throws Exception {
    SimulatedServer server = simulated("only");
    start(PoolYaml.single(server.uri()), settings("caravan.health.period", "3s"));
    await().atMost(LONG).until(() -> counted("caravan.health.checks", "only", "ok") >= 1);
    server.fault(new Fault.Refuse());
    await().atMost(LONG).until(() -> state("only") == ServerState.DOWN);
    double refused = counted("caravan.health.checks", "only", "refused");
    await()
        .atMost(LONG)
        .until(() -> counted("caravan.health.checks", "only", "refused") >= refused + 3);
    server.heal();
    await().atMost(LONG).until(() -> gateway().backend("only").availability().eligible());
    assertThat(ask(Chat.whole("hello")).status()).isEqualTo(200);
  }

  /** The engine hangs with a request in it; /health says 200 all the while. */
  @Test
  void hungEngine_isEjectedWithinThreeProbePeriods_andComesBack() throws Exception {
    SimulatedServer hung = simulated("hung");
    SimulatedServer well = simulated("well");
    start(
        PoolYaml.of(PoolYaml.MODEL)
            .balancer("weighted")
            .server("hung", hung.uri(), "weight: 256")
            .server("well", well.uri())
            .text(),
        probing("1s", "500ms", "1s"));
    await().atMost(LONG).until(() -> counted("caravan.probes", "hung", "good") >= 2);
    double before = probesDue("hung");
    hung.fault(new Fault.Freeze());
    RawHttp stream = client();
    stream.post(Chat.PATH, Chat.stream("hello", 100));
    await().atMost(LONG).until(() -> state("hung") == ServerState.HUNG);
    // One may have been under way, and one skipped for what the server did before.
    assertThat(probesDue("hung") - before).as("probes until then").isLessThanOrEqualTo(4);
    assertThat(counted("caravan.health.checks", "hung", "failed")).isZero();
    stream.close();
    for (int i = 0; i < 5; i++) {
      assertThat(ask(Chat.whole("n" + i)).head().header("x-caravan-backend")).isEqualTo("well");
    }
    hung.heal();
    await().atMost(LONG).until(() -> gateway().backend("hung").availability().eligible());
  }

  private double probesDue(String backend) {
    return gateway().meters().get("caravan.probes").tag("backend", backend).counters().stream()
        .mapToDouble(Counter::count)
        .sum();
  }

  /** Full, slow, and late with every probe, but its tokens move: it stays. */
  @ParameterizedTest
  @EnumSource(
      value = Dialect.class,
      names = {"VLLM", "SGLANG", "TGI", "LLAMA_CPP"})
  void busyServer_isNeverEjected(Dialect dialect) throws Exception {
    SimulatedServer server =
        simulated(
            SimulatedServer.builder(vertx)
                .metrics(dialect)
                .parameters(EngineParameters.H100.withMaxSequences(2))
                .speedup(100));
    server.fault(new Fault.Slow(600)); // 50 ms a token
    Map<String, String> settings = probing("200ms", "1s", "2s");
    start(PoolYaml.single(server.uri()), settings);
    // Its load comes from elsewhere, so that only the engine's own counters tell that it works.
    List<RawHttp> others = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      RawHttp other = new RawHttp(server.port());
      others.add(other);
      other.post(Chat.PATH, Chat.stream("n" + i, 10_000));
    }
    await().atMost(LONG).until(() -> counted("caravan.probes", "only", "unanswered") >= 3);
    assertThat(gateway().backend("only").availability().eligible()).isTrue();
    assertThat(
            gateway()
                .meters()
                .get("caravan.health.transitions")
                .tags("backend", "only", "to", "hung")
                .counter()
                .count())
        .isZero();
    assertThat(state("only")).isEqualTo(ServerState.BUSY);
    for (RawHttp other : others) {
      other.close();
    }
  }

  @Test
  void probes_areSkippedWhileLiveTrafficProvesProgress() throws Exception {
    SimulatedServer server = simulated("only");
    start(PoolYaml.single(server.uri()), probing("300ms", "2s", "4s"));
    await().atMost(LONG).until(() -> counted("caravan.probes", "only", "good") >= 2);
    server.fault(new Fault.Slow(300)); // 25 ms a token
    RawHttp stream = client();
    stream.post(Chat.PATH, Chat.stream("hello", 100_000));
    await().atMost(LONG).until(() -> counted("caravan.probes", "only", "skipped") >= 1);
    long prompts = prompts(server);
    double skipped = counted("caravan.probes", "only", "skipped");
    await().atMost(LONG).until(() -> counted("caravan.probes", "only", "skipped") >= skipped + 8);
    assertThat(prompts(server)).as("prompts meanwhile").isEqualTo(prompts);
    stream.close();
    await().atMost(LONG).until(() -> prompts(server) > prompts);
  }

  @Test
  void budget_boundsWhatProbesCost() throws Exception {
    SimulatedServer server = simulated("only");
    Map<String, String> settings = probing("20ms", "2s", "4s");
    settings.put("caravan.probe.budget", "120");
    start(PoolYaml.single(server.uri()), settings);
    await().atMost(LONG).until(() -> counted("caravan.probes", "only", "over_budget") >= 20);
    // The bucket holds twelve, and two more come in a minute.
    assertThat(prompts(server)).isBetween(12L, 14L);
    assertThat(gateway().backend("only").availability().eligible()).isTrue();
  }

  @ParameterizedTest
  @ValueSource(strings = {"chat", "completions", "embeddings", "reasoning"})
  void everyKindOfPrompt_isAnsweredWell(String kind) throws Exception {
    SimulatedServer server = simulated("only");
    start(PoolYaml.single(server.uri(), "probe: " + kind), probing("50ms", "5s", "10s"));
    await().atMost(LONG).until(() -> counted("caravan.probes", "only", "good") >= 3);
    assertThat(counted("caravan.probes", "only", "wrong")).isZero();
  }

  private static final String EVENTS =
      "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
  private static final String TOKEN = "data: {\"choices\":[{\"delta\":{\"content\":\"r\"}}]}\n\n";

  /** Comments that keep a connection open are no token; and a first token is no answer yet. */
  @ParameterizedTest
  @CsvSource({"': ping', no first token in 200 ms", "'', no answer in 900 ms"})
  void streamThatStopsShort_isUnanswered(String comment, String reason) throws Exception {
    ScriptedServer server =
        scripted(
            (peer, connection) -> {
              peer.request();
              peer.send(EVENTS);
              peer.chunk(comment.isEmpty() ? TOKEN : comment + "\n\n");
              peer.awaitLeft();
            });
    Map<String, String> settings = probing("100ms", "200ms", "900ms");
    settings.put("caravan.health.enabled", "false");
    start(PoolYaml.single(server.uri()), settings);
    await().atMost(LONG).until(() -> state("only") == ServerState.HUNG);
    assertThat(gateway().backend("only").availability().reason()).endsWith(reason);
    await().atMost(LONG).until(() -> server.left() >= 2);
    assertThat(counted("caravan.probes", "only", "wrong")).isZero();
  }

  /** An answer in one piece has no first token before its end. */
  @Test
  void firstTokenLimit_isOfStreamsAlone() throws Exception {
    SimulatedServer server = simulated("only");
    server.fault(new Fault.Slow(60)); // 5 ms a token, and some 30 tokens
    start(PoolYaml.single(server.uri(), "probe: reasoning"), probing("50ms", "10ms", "10s"));
    await().atMost(LONG).until(() -> counted("caravan.probes", "only", "good") >= 3);
    assertThat(counted("caravan.probes", "only", "unanswered")).isZero();
  }

  /** A probe route of a user's own may look at the time to the first token. */
  @ParameterizedTest
  @CsvSource({">= 0, good", "< 0, wrong"})
  void firstTokensTime_isThereForTheRoute(String condition, String result) throws Exception {
    SimulatedServer server = simulated("only");
    String route =
        """
        - route:
            from:
              uri: "probe:only"
              parameters: { period: 50ms }
              steps:
                - setBody:
                    constant: '%s'
                - to: "model:only"
                - process: { ref: probe-answer }
                - validate:
                    simple: "${headerAs(caravan.firstTokenMillis,Long)} %s"
        """
            .formatted(Chat.stream("ready", 4), condition);
    start(PoolYaml.single(server.uri()) + route);
    await().atMost(LONG).until(() -> counted("caravan.probes", "only", result) >= 3);
    assertThat(counted("caravan.probes", "only", result.equals("good") ? "wrong" : "good"))
        .isZero();
  }
}
