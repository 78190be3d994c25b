package dev.caravan.route.probe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.caravan.fleet.Backend;
import dev.caravan.fleet.Fleet;
import dev.caravan.fleet.Lease;
import dev.caravan.health.Breakers;
import dev.caravan.health.FleetHealth;
import dev.caravan.health.HandTicker;
import dev.caravan.health.HealthListener;
import dev.caravan.health.HealthSettings;
import dev.caravan.health.ProbeReport;
import dev.caravan.health.ProbeResult;
import dev.caravan.outcome.Outcome;
import dev.caravan.route.StubModels;
import dev.caravan.route.parameter.ModelParameters;
import dev.caravan.testing.CapturedLog;
import dev.caravan.testing.HandScheduler;
import dev.caravan.time.Chance;
import dev.caravan.upstream.UpstreamFailure;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.apache.camel.AsyncCallback;
import org.apache.camel.Exchange;
import org.apache.camel.impl.DefaultCamelContext;
import org.apache.camel.support.PluginHelper;
import org.apache.camel.support.ResourceHelper;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The probe routes made of routes/probe.yaml, with time by hand. */
class ProbeRouteTest {
  private static final String READY =
      "{\"choices\":[{\"message\":{\"role\":\"assistant\",\"content\":\"ready\"}}]}";

  private final Breakers breakers = new Breakers(new HandTicker(), HealthListener.NONE);
  private Standing standing = new Standing(0, 0);
  private final HandScheduler timer = new HandScheduler();
  private final List<ProbeResult> results = new ArrayList<>();
  private final HealthListener listener =
      new HealthListener() {
        @Override
        public void probed(String server, ProbeResult result) {
          results.add(result);
          boolean good = result == ProbeResult.GOOD;
          standing =
              new Standing(good ? 0 : standing.failures + 1, good ? standing.successes + 1 : 0);
        }
      };
  private final FleetHealth health =
      new FleetHealth(new HealthSettings(3, 2, 2), timer.ticker(), timer, breakers, listener);
  private final Fleet fleet =
      new Fleet(
          backend -> {
            breakers.join(backend);
            health.join(backend);
          });
  private final StubModels models = new StubModels();
  private final DefaultCamelContext context = new DefaultCamelContext();
  private final Probes probes = new Probes(health);
  private final List<Long> asked = new ArrayList<>();
  private final List<String> questions = new ArrayList<>();
  private final ModelParameters server =
      ModelParameters.read("gpu-a", Map.of("url", "http://a:1"), name -> null);
  private final Backend gpu = fleet.register(server.spec());

  @BeforeEach
  void start() throws Exception {
    context.addComponent("model", models);
    context.addComponent("probe", component(7));
    context.getRegistry().bind("probe-answer", new ProbeAnswer());
    context.getShutdownStrategy().setTimeout(1); // an exchange that never ends
    context.start();
    load(Files.readString(Path.of("routes/probe.yaml")));
    models.on("gpu-a", answer(200, READY));
  }

  @AfterEach
  void stop() {
    context.stop();
  }

  @Test
  void template_asksTheServerAndJudgesTheAnswer() throws Exception {
    probes.ensure(context, server, "llama");
    timer.pass(2_000);
    assertThat(asked).hasSize(1);
    assertThat(questions.get(0))
        .isEqualTo(
            "{\"model\":\"llama\",\"messages\":[{\"role\":\"user\",\"content\":\"Reply with the"
                + " single word: ready\"}],\"max_tokens\":16,\"temperature\":0,\"stream\":true}");
    assertThat(standing().successes()).isEqualTo(1);
  }

  @Test
  void first_isSoonAndSpread_thenThePeriodVariesByAFifth() throws Exception {
    for (String name : List.of("a", "b", "c", "d", "e", "f", "g", "h")) {
      models.on(name, answer(200, READY));
      probes.ensure(
          context, ModelParameters.read(name, Map.of("url", "http://a:1"), x -> null), "llama");
    }
    assertThat(timer.delays()).allMatch(delay -> delay >= 0 && delay < 2_000);
    assertThat(timer.delays().stream().distinct()).hasSizeGreaterThan(6);
    timer.delays().clear();
    timer.pass(1_000_000);
    List<Long> periods = timer.delays().stream().filter(delay -> delay != 10_000).toList();
    assertThat(periods).hasSizeGreaterThan(700).allMatch(p -> p >= 8_000 && p <= 12_000);
    assertThat(periods).anyMatch(p -> p < 8_400).anyMatch(p -> p > 11_600);
  }

  @Test
  void threeFailures_eject_andTwoSuccesses_restore() throws Exception {
    probes.ensure(context, server, "llama");
    models.on("gpu-a", answer(500, ""));
    timer.pass(14_000);
    assertThat(standing().failures()).isEqualTo(2);
    assertThat(gpu.availability().eligible()).isTrue();
    timer.pass(12_000);
    assertThat(gpu.availability().reason()).isEqualTo("3 probes in a row failed: status 500");
    models.on("gpu-a", answer(200, READY));
    timer.pass(26_000);
    assertThat(gpu.availability().eligible()).isTrue();
  }

  @Test
  void silence_failsAtTheTimeout_nothingOverlaps_andTheLateAnswerIsIgnored() throws Exception {
    List<Runnable> late = new ArrayList<>();
    models.on(
        "gpu-a",
        (exchange, callback) -> {
          asked.add(timer.nowMillis());
          late.add(() -> reply(exchange, callback, 200, READY, false));
          return false;
        });
    probes.ensure(context, server, "llama");
    timer.pass(2_000);
    assertThat(asked).hasSize(1);
    timer.pass(10_000);
    assertThat(standing().failures()).isEqualTo(1);
    assertThat(gpu.availability().reason()).contains("no answer in 10000 ms");
    late.get(0).run();
    assertThat(standing().failures()).isEqualTo(1);
    assertThat(standing().successes()).isZero();
    timer.pass(100_000);
    for (int i = 1; i < asked.size(); i++) {
      assertThat(asked.get(i) - asked.get(i - 1)).isGreaterThanOrEqualTo(10_000); // the timeout
    }
    assertThat(asked).hasSizeGreaterThan(7);
    assertThat(gpu.availability().eligible()).isFalse();
  }

  /** Fails the exchange as {@code model:} does. */
  private StubModels.Behaviour failing(Outcome outcome) {
    return (exchange, callback) -> {
      asked.add(timer.nowMillis());
      exchange.setException(new UpstreamFailure(outcome, true));
      callback.done(true);
      return true;
    };
  }

  static Stream<Arguments> outcomes() {
    return Stream.of(
        arguments(new Outcome.Expired("no first token in 5000 ms"), ProbeResult.UNANSWERED),
        arguments(
            new Outcome.FailedBefore(Outcome.Cause.FIRST_BYTE_TIMEOUT, ""), ProbeResult.UNANSWERED),
        arguments(
            new Outcome.FailedBefore(Outcome.Cause.TOTAL_TIMEOUT, ""), ProbeResult.UNANSWERED),
        arguments(new Outcome.FailedAfter(Outcome.Cause.IDLE_TIMEOUT, ""), ProbeResult.UNANSWERED),
        arguments(new Outcome.FailedBefore(Outcome.Cause.CONNECT, ""), ProbeResult.WRONG),
        arguments(new Outcome.FailedAfter(Outcome.Cause.RESET, ""), ProbeResult.WRONG),
        arguments(new Outcome.FailedBefore(Outcome.Cause.STATUS, "status 503"), ProbeResult.WRONG),
        arguments(
            new Outcome.FailedBefore(Outcome.Cause.STATUS, "status 503", 2_000),
            ProbeResult.SKIPPED),
        arguments(new Outcome.Throttled(429, -1), ProbeResult.SKIPPED));
  }

  @ParameterizedTest
  @MethodSource("outcomes")
  void outcome_isJudged(Outcome outcome, ProbeResult result) throws Exception {
    models.on("gpu-a", failing(outcome));
    probes.ensure(context, server, "llama");
    timer.pass(2_000);
    assertThat(results.get(0)).isEqualTo(result);
  }

  /** Whoever throttles is there: three times in a row is no failure. */
  @Test
  void throttledProbes_neverEject() throws Exception {
    models.on("gpu-a", failing(new Outcome.Throttled(429, 1_000)));
    probes.ensure(context, server, "llama");
    timer.pass(200_000);
    assertThat(asked).hasSizeGreaterThan(15);
    assertThat(gpu.availability().eligible()).isTrue();
  }

  @Test
  void liveTrafficThatProvesProgress_makesProbesNeedless() throws Exception {
    probes.ensure(context, server, "llama");
    timer.pass(2_000);
    assertThat(asked).hasSize(1);
    Lease lease = Objects.requireNonNull(Lease.open(gpu, "llama", () -> 0));
    lease.firstByte(true);
    for (int i = 1; i <= 100; i++) {
      timer.pass(1_000);
      lease.progress(10);
    }
    assertThat(asked).hasSize(1);
    assertThat(results).hasSizeBetween(9, 12).endsWith(ProbeResult.SKIPPED);
    lease.close(new Outcome.Completed(200));
    timer.pass(30_000);
    assertThat(asked).as("traffic has ended").hasSizeBetween(2, 4);
  }

  @Test
  void probeThatAnOperatorAsksFor_isMade_thoughItWouldTellNothing_andIsReported() throws Exception {
    List<ProbeReport> reports = new ArrayList<>();
    assertThat(health.probe("gpu-a", reports::add)).as("nobody probes it yet").isFalse();
    probes.ensure(context, server, "llama");
    timer.pass(2_000);
    Lease lease = Objects.requireNonNull(Lease.open(gpu, "llama", () -> 0));
    lease.firstByte(true); // live traffic proves that it works
    assertThat(health.probe("gpu-a", reports::add)).isTrue();
    assertThat(asked).hasSize(2);
    assertThat(reports).containsExactly(new ProbeReport(ProbeResult.GOOD, "", 0));
    models.on("gpu-a", answer(500, ""));
    health.probe("gpu-a", reports::add);
    assertThat(reports.get(1).result()).isEqualTo(ProbeResult.WRONG);
    assertThat(reports.get(1).reason()).isEqualTo("status 500");
    lease.close(new Outcome.Completed(200));
  }

  @Test
  void probesThatOperatorsAskFor_whileOneRuns_areThatOne() throws Exception {
    List<ProbeReport> reports = new ArrayList<>();
    models.on(
        "gpu-a",
        (exchange, callback) -> {
          asked.add(timer.nowMillis());
          return false;
        });
    probes.ensure(context, server, "llama");
    timer.pass(2_000);
    health.probe("gpu-a", reports::add);
    health.probe("gpu-a", reports::add);
    assertThat(reports).isEmpty();
    timer.pass(10_000);
    assertThat(reports).hasSize(2);
    assertThat(reports.get(0).result()).isEqualTo(ProbeResult.UNANSWERED);
    assertThat(reports.get(0).reason()).isEqualTo("no answer in 10000 ms");
    assertThat(reports.get(0).millis()).isEqualTo(10_000);
    health.probe("gpu-a", reports::add);
    probes.drop(context, "gpu-a");
    assertThat(reports).as("whoever waits is told that it was stopped").hasSize(3);
    assertThat(reports.get(2).reason()).isEqualTo("its probe route was stopped");
  }

  @Test
  void budget_isKept_isSaidOnceAnHour_andAsksMayOverdraw() throws Exception {
    load(
        Files.readString(Path.of("routes/probe.yaml"))
            .replace("{{caravan.probe.budget:360}}", "60")
            .replace("{{caravan.probe.period:10s}}", "1s"));
    try (CapturedLog log = CapturedLog.of(ProbeConsumer.class.getName())) {
      probes.ensure(context, server, "llama");
      timer.pass(3_600_000);
      assertThat(asked).as("of an hour").hasSizeBetween(60, 70);
      assertThat(results).contains(ProbeResult.OVER_BUDGET);
      timer.pass(1_800_000);
      assertThat(log.lines()).hasSize(2); // at the first, and an hour later
      assertThat(log.lines().get(0)).contains("gpu-a").contains("60 prompts an hour");
    }
    asked.clear();
    models.on("gpu-a", answer(500, ""));
    timer.pass(180_000); // three prompts at one a minute
    models.on("gpu-a", answer(200, READY));
    assertThat(gpu.availability().eligible()).isFalse();
    asked.clear();
    timer.pass(70_000); // one that is due, and the second at once though nothing is left
    assertThat(asked).hasSize(2);
    assertThat(gpu.availability().eligible()).isTrue();
  }

  @Test
  void probeAskedForBeforeTheFirstIsDue_isThatOne() throws Exception {
    probes.ensure(context, server, "llama");
    health.misconfigured(gpu, "status 401");
    timer.pass(3_000);
    assertThat(asked).hasSizeBetween(2, 3);
    assertThat(gpu.availability().eligible()).isTrue();
  }

  @Test
  void failureOfTheServer_isTheReason() throws Exception {
    models.on(
        "gpu-a",
        (exchange, callback) -> {
          exchange.setException(
              new UpstreamFailure(
                  new Outcome.FailedBefore(Outcome.Cause.CONNECT, "connection refused"), true));
          callback.done(true);
          return true;
        });
    probes.ensure(context, server, "llama");
    timer.pass(2_000);
    assertThat(gpu.availability().reason()).endsWith("connection refused");
  }

  @Test
  void errorThatAnErrorHandlerHandled_isAFailureAllTheSame() throws Exception {
    load(
        """
        - routeConfiguration:
            id: handles-everything
            onException:
              - onException:
                  exception: [java.lang.Exception]
                  handled: {constant: "true"}
                  steps:
                    - setBody: {constant: fine}
        """);
    models.on("gpu-a", answer(503, ""));
    probes.ensure(context, server, "llama");
    timer.pass(2_000);
    assertThat(gpu.availability().reason()).endsWith("status 503");
  }

  @Test
  void ensure_isIdempotent_andFollowsTheEndpoint() throws Exception {
    probes.ensure(context, server, "llama");
    Object before = context.getRoute("probe-gpu-a");
    probes.ensure(context, server, "llama");
    assertThat(context.getRoute("probe-gpu-a")).isSameAs(before);
    models.on("gpu-a", answer(200, "{\"data\":[{\"embedding\":[0.1,0.2]}]}"));
    probes.ensure(context, parameters("embeddings"), "bge");
    timer.pass(2_000);
    assertThat(questions).containsExactly("{\"model\":\"bge\",\"input\":\"ready\"}");
    assertThat(standing().successes()).isEqualTo(1);
    models.on("gpu-a", answer(200, "{\"choices\":[{\"text\":\" ready\"}]}"));
    probes.ensure(context, parameters("completions"), "llama");
    timer.pass(2_000);
    assertThat(questions)
        .last()
        .asString()
        .contains("\"prompt\":\"Reply", "\"max_tokens\":16", "\"stream\":true");
    assertThat(standing().successes()).isEqualTo(2);
    models.on("gpu-a", answer(200, READY));
    probes.ensure(context, parameters("reasoning"), "o9");
    timer.pass(2_000);
    // What OpenAI's models that reason refuse: max_tokens, and any temperature of their caller's.
    assertThat(questions)
        .last()
        .asString()
        .contains("\"max_completion_tokens\":64")
        .doesNotContain("max_tokens", "temperature", "stream");
    assertThat(standing().successes()).isEqualTo(3);
  }

  @Test
  void off_removesTheRoute_andEndsTheEjection() throws Exception {
    probes.ensure(context, server, "llama");
    models.on("gpu-a", answer(500, ""));
    timer.pass(40_000);
    assertThat(gpu.availability().eligible()).isFalse();
    probes.ensure(context, parameters("off"), "llama");
    assertThat(context.getRoute("probe-gpu-a")).isNull();
    assertThat(gpu.availability().eligible()).isTrue();
    assertThat(timer.pending()).isZero();
    asked.clear();
    timer.pass(100_000);
    assertThat(asked).isEmpty();
  }

  @Test
  void disabledByProperty_probesNobody() throws Exception {
    System.setProperty("caravan.probe.enabled", "false");
    try {
      probes.ensure(context, server, "llama");
    } finally {
      System.clearProperty("caravan.probe.enabled");
    }
    assertThat(context.getRoute("probe-gpu-a")).isNull();
  }

  @Test
  void noTemplate_isNoError() throws Exception {
    context.removeRouteTemplates("*");
    probes.ensure(context, server, "llama");
    assertThat(context.getRoutes()).isEmpty();
  }

  @Test
  void reloadedTemplate_isTheOneThatCounts() throws Exception {
    probes.ensure(context, server, "llama");
    load(
        Files.readString(Path.of("routes/probe.yaml"))
            .replace("Reply with the single word: ready", "Say: prepared")
            .replace("# - validate:", "- validate:")
            .replace("#     simple: \"${body}", "    simple: \"${body}"));
    probes.ensure(context, server, "llama");
    models.on(
        "gpu-a", answer(200, "{\"choices\":[{\"message\":{\"content\":\"I am a teapot\"}}]}"));
    timer.pass(2_000);
    assertThat(questions).hasSize(1);
    assertThat(questions.get(0)).contains("Say: prepared");
    assertThat(standing().failures()).isEqualTo(1);
    assertThat(gpu.availability().reason()).doesNotContain("teapot");
  }

  @Test
  void parametersAtFault_areNamed() {
    ProbeComponent component = component(1);
    component.setCamelContext(context);
    assertThatThrownBy(() -> component.createEndpoint("probe:x?period=fast"))
        .hasMessage("probe:x: period \"fast\" is not a duration such as 500ms, 30s or 5m");
    assertThatThrownBy(() -> component.createEndpoint("probe:x?perod=1s"))
        .hasMessage("probe:x: unknown parameter \"perod\", did you mean period?");
    assertThatThrownBy(() -> component.createEndpoint("probe:x?jitter=60"))
        .hasMessage("probe:x: jitter \"60\" is not a whole number from 0 to 50");
  }

  private ModelParameters parameters(String probe) {
    return ModelParameters.read("gpu-a", Map.of("url", "http://a:1", "probe", probe), name -> null);
  }

  private void load(String yaml) throws Exception {
    PluginHelper.getRoutesLoader(context).loadRoutes(ResourceHelper.fromString("x.yaml", yaml));
  }

  private ProbeComponent component(int seed) {
    return new ProbeComponent(health, listener, timer, timer.ticker(), Chance.seeded(seed));
  }

  private StubModels.Behaviour answer(int status, String body) {
    return (exchange, callback) -> {
      asked.add(timer.nowMillis());
      assertThat(exchange.getIn().getHeader(TextCall.TIMEOUT)).isEqualTo(10_000L);
      assertThat(exchange.getIn().getHeader(TextCall.FIRST_TOKEN_TIMEOUT)).isEqualTo(5_000L);
      questions.add(exchange.getIn().getBody(String.class));
      reply(exchange, callback, status, body, true);
      return true;
    };
  }

  private static void reply(
      Exchange exchange, AsyncCallback callback, int status, String body, boolean sync) {
    exchange.getMessage().setHeader(ProbeAnswer.STATUS_HEADER, status);
    exchange.getMessage().setBody(body);
    callback.done(sync);
  }

  private Standing standing() {
    return standing;
  }

  /** Probes in a row that ended so. */
  private record Standing(int failures, int successes) {}
}
