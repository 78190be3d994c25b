package dev.caravan.admin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.caravan.fleet.Backend;
import dev.caravan.fleet.BackendSpec;
import dev.caravan.fleet.Fleet;
import dev.caravan.fleet.Lease;
import dev.caravan.fleet.Pool;
import dev.caravan.fleet.PoolPolicy;
import dev.caravan.outcome.Outcome;
import dev.caravan.telemetry.Meters;
import dev.caravan.testing.HandScheduler;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.net.URI;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Rates, percentiles and history, with time by hand. */
class SamplerTest {
  private final HandScheduler time = new HandScheduler();
  private final Meters meters = new Meters(new SimpleMeterRegistry());
  private final Fleet fleet = new Fleet(meters::watch);
  private final Backend gpu = fleet.register(BackendSpec.of("gpu-a", URI.create("http://a")));
  private final Pool llama = new Pool("llama");
  private final QuietGateway facts = new QuietGateway();
  private final Sampler sampler = new Sampler(fleet, meters, facts, time.ticker(), time::nowMillis);

  SamplerTest() {
    llama.respecify(PoolPolicy.DEFAULT, List.of(gpu));
    facts.pools.add(new GatewayFacts.OpenPool(llama, List.of(), null));
  }

  private void seconds(int count) {
    for (int i = 0; i < count; i++) {
      time.pass(1_000);
      facts.jobs.clear();
      facts.jobs.add(new GatewayFacts.Jobs("kafka", time.nowMillis() / 100, 0, 0, false));
      sampler.sample();
    }
  }

  /** A request that has its first token after so long. */
  private void request(long ttftMillis, long tokens, long cached, Outcome how) {
    Lease lease = Objects.requireNonNull(Lease.open(gpu, "llama", time.ticker()));
    time.pass(ttftMillis);
    lease.firstByte(true);
    lease.usage(100, tokens, cached);
    lease.close(how);
    meters.request(
        null, "/v1/chat/completions", how instanceof Outcome.Completed ? 200 : 502, how, 1_000);
  }

  @Test
  void nothingMeasured_isUnknown_notZero() {
    sampler.sample();
    Numbers first = sampler.server("gpu-a");
    assertThat(first).isEqualTo(Numbers.unknown(0));
    seconds(1);
    Numbers idle = sampler.server("gpu-a");
    assertThat(idle.requestsPerSecond()).isZero();
    assertThat(idle.tokensPerSecond()).as("it never told").isNull();
    assertThat(idle.ttftP50Seconds()).isNull();
    assertThat(idle.prefixHitRatio()).isNull();
  }

  @Test
  void rates_areOfFiveSeconds_percentilesOfThirty() {
    seconds(1);
    for (int i = 0; i < 19; i++) {
      request(100, 40, 50, new Outcome.Completed(200));
    }
    request(2_000, 40, 50, new Outcome.FailedAfter(Outcome.Cause.RESET, "gone"));
    seconds(1);
    Numbers busy = sampler.server("gpu-a");
    // 3.9 s of first tokens and a second of sleep since the sample before.
    assertThat(busy.requestsPerSecond()).isCloseTo(20 / 4.9, within(0.01));
    assertThat(busy.tokensPerSecond()).isCloseTo(800 / 4.9, within(0.1));
    assertThat(busy.failuresPerSecond()).isCloseTo(1 / 4.9, within(0.01));
    assertThat(busy.ttftP50Seconds()).isCloseTo(0.1, within(0.007));
    assertThat(busy.ttftP95Seconds()).isCloseTo(0.1, within(0.007));
    assertThat(busy.prefixHitRatio()).isEqualTo(0.5);
    Numbers pool = sampler.pool("llama");
    assertThat(pool.tokensPerSecond()).isEqualTo(busy.tokensPerSecond());
    assertThat(pool.ttftP50Seconds()).isEqualTo(busy.ttftP50Seconds());
    seconds(10);
    assertThat(sampler.server("gpu-a").requestsPerSecond()).isZero();
    assertThat(sampler.server("gpu-a").ttftP50Seconds()).as("still within 30 s").isNotNull();
    seconds(40);
    assertThat(sampler.server("gpu-a").ttftP50Seconds()).isNull();
    assertThat(sampler.server("gpu-a").prefixHitRatio()).isNull();
    assertThat(sampler.rates().requestsPerSecond()).isZero();
  }

  @Test
  void gateway_countsErrorsAndShedAndJobs() {
    seconds(6);
    facts.shed = 10;
    request(0, -1, -1, new Outcome.FailedBefore(Outcome.Cause.RESET, "gone"));
    seconds(1);
    assertThat(sampler.rates().errorsPerSecond()).isEqualTo(0.2);
    assertThat(sampler.rates().shedPerSecond()).isEqualTo(2.0);
    assertThat(sampler.jobs("kafka")).isEqualTo(10.0);
    assertThat(sampler.jobs("nobody")).isNull();
  }

  @Test
  void queueThatIsGone_isForgotten() {
    for (int i = 0; i < 2; i++) {
      time.pass(1_000);
      facts.jobs.add(new GatewayFacts.Jobs("old", i, 0, 0, false));
      sampler.sample();
      facts.jobs.clear();
    }
    assertThat(sampler.jobs("old")).isEqualTo(1.0);
    seconds(1);
    assertThat(sampler.jobs("old")).isNull();
  }

  @Test
  void history_hasAStepOfFiveSeconds_andHalfAnHour() {
    assertThat(sampler.serverHistory("gpu-a")).isNull();
    seconds(12);
    History young = Objects.requireNonNull(sampler.serverHistory("gpu-a"));
    assertThat(young.stepSeconds()).isEqualTo(5);
    assertThat(young.to()).isEqualTo(10_000);
    assertThat(young.series())
        .containsOnlyKeys(
            "inflight",
            "requestsPerSecond",
            "tokensPerSecond",
            "ttftP50Seconds",
            "ttftP95Seconds",
            "failuresPerSecond");
    assertThat(series(young, "requestsPerSecond")).containsExactly(0.0, 0.0);
    assertThat(series(young, "tokensPerSecond")).containsExactly(null, null);
    seconds(3);
    Lease held = Objects.requireNonNull(Lease.open(gpu, "llama", time.ticker()));
    seconds(5 * 400);
    History old = Objects.requireNonNull(sampler.serverHistory("gpu-a"));
    assertThat(series(old, "inflight")).hasSize(360).containsOnly(1.0);
    held.close(new Outcome.Completed(200));
    seconds(5);
    assertThat(series(Objects.requireNonNull(sampler.serverHistory("gpu-a")), "inflight"))
        .hasSize(360)
        .endsWith(1.0, 0.0);
    assertThat(sampler.poolHistory("llama")).isNotNull();
  }

  private static @Nullable Double[] series(History history, String name) {
    return Objects.requireNonNull(history.series().get(name));
  }

  @Test
  void poolThatIsGone_isForgotten() {
    seconds(6);
    assertThat(sampler.poolHistory("llama")).isNotNull();
    facts.pools.clear();
    seconds(1);
    assertThat(sampler.poolHistory("llama")).isNull();
  }

  @Test
  void growth_whereASumBeginsAnew_beginsAnew() {
    Growth growth = new Growth(5);
    growth.add(100, 0);
    growth.add(200, 1_000_000_000L);
    assertThat(growth.perSecond()).isEqualTo(100.0);
    growth.add(3, 2_000_000_000L);
    assertThat(growth.perSecond()).isNull();
    growth.add(5, 3_000_000_000L);
    assertThat(growth.delta()).isEqualTo(2.0);
  }
}
