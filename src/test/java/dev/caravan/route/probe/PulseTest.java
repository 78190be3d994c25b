package dev.caravan.route.probe;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caravan.health.CheckResult;
import dev.caravan.health.EngineReading;
import dev.caravan.health.HealthListener;
import dev.caravan.testing.CapturedLog;
import dev.caravan.testing.HandScheduler;
import dev.caravan.time.Chance;
import dev.caravan.upstream.Get;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a pulse makes of answers, with time by hand. */
class PulseTest {
  private final HandScheduler timer = new HandScheduler();
  private final HeardSignals signals = new HeardSignals();
  private final List<CheckResult> checks = new ArrayList<>();
  private final Script health = new Script();
  private final Script metrics = new Script();
  private final CapturedLog log = CapturedLog.of(Pulse.class.getName());
  private final Pulse pulse =
      new Pulse(
          "gpu-a",
          new Pulse.Path("/health", health),
          new Pulse.Path("/metrics", metrics),
          signals,
          new HealthListener() {
            @Override
            public void checked(String server, CheckResult result) {
              checks.add(result);
            }
          },
          timer,
          Chance.seeded(3),
          5_000);

  @AfterEach
  void closeLog() {
    log.close();
  }

  /** Answers at once as a test says, or not at all. */
  private final class Script implements Get {
    private final List<Long> asked = new ArrayList<>();
    private int status = 200;
    private boolean whole = true;
    private String body = "";
    private @Nullable String failure;
    private boolean refused;
    private boolean closed;

    @Override
    public void ask(Receiver receiver) {
      asked.add(timer.nowMillis());
      String reason = failure;
      if (reason != null) {
        receiver.failed(refused, reason);
        return;
      }
      receiver.part(Unpooled.copiedBuffer(body, StandardCharsets.UTF_8));
      receiver.answered(status, whole);
    }

    @Override
    public void close() {
      closed = true;
    }
  }

  @Test
  void turns_comeSoon_andVaryByAFifth() {
    pulse.start();
    timer.pass(1_000);
    assertThat(health.asked).hasSize(1);
    assertThat(metrics.asked).isEqualTo(health.asked);
    timer.pass(1_000_000);
    assertThat(health.asked).hasSizeBetween(180, 220);
    for (int i = 1; i < health.asked.size(); i++) {
      assertThat(health.asked.get(i) - health.asked.get(i - 1)).isBetween(4_000L, 6_000L);
    }
    pulse.stop();
    assertThat(timer.pending()).isZero();
    assertThat(health.closed && metrics.closed).isTrue();
    health.asked.clear();
    pulse.now();
    assertThat(health.asked).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(ints = {500, 502, 503, 504})
  void serverError_isUnreachable(int status) {
    health.status = status;
    pulse.start();
    timer.pass(1_000);
    assertThat(signals.heard).containsExactly("gpu-a unreachable /health answered " + status);
    assertThat(checks).containsExactly(CheckResult.FAILED);
  }

  @ParameterizedTest
  @ValueSource(ints = {301, 307, 400, 404, 405, 501})
  void missingHealth_isNotUnreachable_isSaidOnce_andAskedOutOfTurnAlone(int status) {
    health.status = status;
    pulse.start();
    timer.pass(100_000);
    assertThat(health.asked).hasSize(1);
    assertThat(metrics.asked).hasSizeGreaterThan(10);
    pulse.now();
    pulse.now();
    assertThat(signals.heard).containsOnly("gpu-a reachable");
    assertThat(log.lines())
        .filteredOn(line -> line.contains("health"))
        .containsExactly(
            "WARN gpu-a has no /health (status "
                + status
                + "): it is not asked any more; set health: off or another path");
    health.status = 200; // a proxy in front of it said so while it started
    pulse.now();
    health.asked.clear();
    timer.pass(10_000);
    assertThat(health.asked).isNotEmpty();
  }

  @ParameterizedTest
  @ValueSource(ints = {200, 204, 401, 403, 408, 429})
  void anyOtherAnswer_saysThatSomebodyIsThere(int status) {
    health.status = status;
    pulse.start();
    timer.pass(20_000);
    assertThat(health.asked).hasSizeGreaterThan(2);
    assertThat(signals.heard).containsOnly("gpu-a reachable");
    assertThat(checks).containsOnly(CheckResult.OK);
    assertThat(
            log.lines().stream().filter(line -> line.contains("wants other credentials")).count())
        .isEqualTo(status == 401 || status == 403 ? 1 : 0);
  }

  @Test
  void noAnswer_isUnreachable_andRefusedIsCertain() {
    health.failure = "no answer in 2000 ms";
    pulse.start();
    timer.pass(1_000);
    health.failure = "connection refused";
    health.refused = true;
    pulse.now();
    assertThat(signals.heard)
        .containsExactly(
            "gpu-a unreachable /health: no answer in 2000 ms",
            "gpu-a refused /health: connection refused");
    assertThat(checks).containsExactly(CheckResult.FAILED, CheckResult.REFUSED);
  }

  @Test
  void metrics_areRead() {
    metrics.body = "vllm:num_requests_running 3\nvllm:generation_tokens_total 17";
    pulse.start();
    timer.pass(1_000);
    assertThat(signals.readings).containsExactly(new EngineReading(17, 3, -1, -1));
    assertThat(log.lines()).isEmpty();
  }

  @Test
  void missingMetrics_areSilent_andNotAskedForAgain() {
    metrics.status = 404;
    pulse.start();
    timer.pass(100_000);
    assertThat(metrics.asked).hasSize(1);
    assertThat(signals.readings).containsExactly(EngineReading.SILENT);
    assertThat(log.lines())
        .containsExactly(
            "INFO gpu-a has no /metrics (status 404): its queue and progress are seen in its"
                + " answers alone");
  }

  @Test
  void metricsThatTellNothing_areSilent_andSaidOnce() {
    metrics.body = "go_goroutines 12\n";
    pulse.start();
    timer.pass(12_000);
    metrics.body = "vllm:num_requests_running 3\n";
    metrics.whole = false;
    timer.pass(12_000);
    metrics.failure = "no answer in 2000 ms";
    timer.pass(12_000);
    metrics.failure = null;
    metrics.status = 401;
    timer.pass(12_000);
    assertThat(signals.readings).hasSizeGreaterThan(6).containsOnly(EngineReading.SILENT);
    assertThat(log.lines())
        .containsExactly(
            "INFO gpu-a names no engine's queue or tokens in /metrics: they are seen in its answers"
                + " alone",
            "WARN gpu-a answers /metrics with 401: it wants other credentials there than its"
                + " model: endpoint has");
  }
}
