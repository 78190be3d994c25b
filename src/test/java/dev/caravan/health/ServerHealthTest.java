package dev.caravan.health;

import static dev.caravan.fleet.ServerState.BUSY;
import static dev.caravan.fleet.ServerState.DOWN;
import static dev.caravan.fleet.ServerState.DRAINING;
import static dev.caravan.fleet.ServerState.HEALTHY;
import static dev.caravan.fleet.ServerState.HUNG;
import static dev.caravan.fleet.ServerState.SUSPECT;
import static dev.caravan.fleet.ServerState.WARMING;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.caravan.fleet.Availability.Use;
import dev.caravan.fleet.Backend;
import dev.caravan.fleet.BackendSpec;
import dev.caravan.fleet.Lease;
import dev.caravan.fleet.Overrides;
import dev.caravan.fleet.Pool;
import dev.caravan.fleet.PoolPolicy;
import dev.caravan.fleet.ServerOverride;
import dev.caravan.fleet.ServerState;
import dev.caravan.outcome.Outcome;
import dev.caravan.testing.HandScheduler;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** One server's states, with time, probes and checks by hand. */
class ServerHealthTest {
  private static final ProbeVerdict GOOD = new ProbeVerdict.Good();
  private static final ProbeVerdict LATE = new ProbeVerdict.Unanswered("no first token in 5000 ms");
  private static final ProbeVerdict WRONG = new ProbeVerdict.Wrong("status 500");

  private final HandScheduler time = new HandScheduler();
  private final List<String> moves = new ArrayList<>();
  private final Backend gpu = new Backend(BackendSpec.of("gpu-a", URI.create("http://a")));
  private final Pool pool = new Pool("llama");
  private final Breakers breakers = new Breakers(time.ticker(), HealthListener.NONE);
  private final FleetHealth health =
      new FleetHealth(
          new HealthSettings(3, 2, 2),
          time.ticker(),
          time,
          breakers,
          new HealthListener() {
            @Override
            public void moved(String server, ServerState from, ServerState to, String reason) {
              moves.add(from.label() + ">" + to.label());
            }

            @Override
            public void drained(String server) {
              moves.add("drained");
            }
          });
  private final Overrides overrides = new Overrides();
  private int probesAsked;
  private int checksAsked;

  ServerHealthTest() {
    breakers.join(gpu);
    health.join(gpu);
    pool.respecify(PoolPolicy.DEFAULT, List.of(gpu));
    health.prober("gpu-a", () -> probesAsked++);
    health.pulse("gpu-a", () -> checksAsked++);
  }

  // ---- hung, busy

  @Test
  void twoPromptsInVain_andNothingMoves_isHung_andNoLastResort() {
    probe(LATE);
    assertThat(state()).isEqualTo(SUSPECT);
    assertThat(gpu.availability().eligible()).isTrue();
    time.pass(0);
    assertThat(probesAsked).as("the second prompt does not wait for its turn").isEqualTo(1);
    health.reachable("gpu-a"); // its /health says that all is well
    probe(LATE);
    assertThat(state()).isEqualTo(HUNG);
    assertThat(gpu.availability().use()).isEqualTo(Use.NONE);
    assertThat(gpu.availability().reason())
        .isEqualTo("2 prompts unanswered and no token moved: no first token in 5000 ms");
    health.reachable("gpu-a");
    assertThat(state()).isEqualTo(HUNG);
  }

  @Test
  void promptsInVain_whileTokensAreRelayed_isBusy_neverOut() {
    for (int i = 0; i < 20; i++) {
      health.probeTells("gpu-a");
      relay();
      health.probed("gpu-a", LATE);
      assertThat(state()).isEqualTo(BUSY);
      assertThat(gpu.availability().eligible()).isTrue();
    }
    health.probed("gpu-a", GOOD);
    assertThat(moves).containsExactly("healthy>busy", "busy>healthy");
  }

  @Test
  void promptsInVain_whileTheEngineCountsTokens_isBusy_neverOut() {
    health.engine("gpu-a", new EngineReading(100, 8, 0, 0.5));
    for (int i = 1; i < 20; i++) {
      health.probeTells("gpu-a");
      health.engine("gpu-a", new EngineReading(100 + i, 8, 0, 0.5));
      health.probed("gpu-a", LATE);
      assertThat(state()).isEqualTo(BUSY);
    }
  }

  @Test
  void requestsRun_andTheEngineStandsStill_isSuspectAtOnce_andProbed() {
    health.engine("gpu-a", new EngineReading(100, 2, 0, 0.5));
    health.engine("gpu-a", new EngineReading(100, 2, 0, 0.5));
    health.engine("gpu-a", new EngineReading(100, 2, 0, 0.5));
    assertThat(state()).isEqualTo(SUSPECT);
    time.pass(0);
    assertThat(probesAsked).isEqualTo(1);
    health.engine("gpu-a", new EngineReading(101, 2, 0, 0.5));
    assertThat(state()).isEqualTo(HEALTHY);
  }

  @Test
  void engineThatSaysItsCache_isBelieved_unlessTheRouteKnows() {
    health.engine("gpu-a", new EngineReading(100, 0, 0, 0, 454_400));
    assertThat(gpu.cacheTokens()).isEqualTo(454_400);
    health.engine("gpu-a", new EngineReading(100, 0, 0, 0, -1));
    assertThat(gpu.cacheTokens()).isEqualTo(454_400);
    health.engine("gpu-a", new EngineReading(100, 0, 0, 0, 1L << 40));
    assertThat(gpu.cacheTokens()).isEqualTo(Integer.MAX_VALUE);
    BackendSpec spec = gpu.spec();
    gpu.respecify(
        new BackendSpec(spec.name(), spec.url(), 1, 8, null, null, null, Map.of(), 1_000, false));
    assertThat(gpu.cacheTokens()).isEqualTo(1_000);
  }

  @Test
  void serverThatGoesDown_hasLostItsCache_onceForEachTime() {
    AtomicInteger lost = new AtomicInteger();
    gpu.onCacheLost(lost::incrementAndGet);
    probe(LATE);
    health.engine("gpu-a", new EngineReading(1, 8, 3, 0.5));
    assertThat(lost).hasValue(0);
    health.eject(gpu, 1_000, "it fails");
    assertThat(state()).isEqualTo(DOWN);
    assertThat(lost).hasValue(1);
    health.eject(gpu, 1_000, "it fails");
    assertThat(lost).hasValue(1);
    health.unreachable("gpu-a", true, "connection refused");
    assertThat(lost).as("now it is certain").hasValueGreaterThan(1);
  }

  @Test
  void engineWithoutWork_mayStandStill() {
    for (int i = 0; i < 10; i++) {
      health.engine("gpu-a", new EngineReading(100, 0, 0, 0));
    }
    assertThat(state()).isEqualTo(HEALTHY);
  }

  @Test
  void engineWithAQueue_isBusy_untilItHadRoomForAWhile() {
    health.engine("gpu-a", new EngineReading(1, 8, 3, 0.5));
    assertThat(state()).isEqualTo(BUSY);
    assertThat(gpu.availability().reason()).isEqualTo("3 requests wait in it");
    health.engine("gpu-a", new EngineReading(2, 8, 0, 0.5));
    health.engine("gpu-a", new EngineReading(3, 8, 1, 0.5));
    health.engine("gpu-a", new EngineReading(4, 8, 0, 0.5));
    health.engine("gpu-a", new EngineReading(5, 8, 0, 0.5));
    assertThat(moves).containsExactly("healthy>busy");
    health.engine("gpu-a", new EngineReading(6, 8, 0, 0.5));
    assertThat(state()).isEqualTo(HEALTHY);
  }

  @Test
  void hungServer_whoseTokensMoveAgain_isProbedAtOnce_andRamps() {
    hang();
    relay();
    health.engine("gpu-a", EngineReading.SILENT);
    time.pass(0);
    assertThat(probesAsked).isPositive();
    assertThat(gpu.availability().eligible()).isFalse();
    probe(GOOD);
    assertThat(gpu.availability().eligible()).as("one good prompt may be luck").isFalse();
    probe(GOOD);
    assertThat(state()).isEqualTo(WARMING);
    assertThat(moves).containsExactly("healthy>suspect", "suspect>hung", "hung>warming");
  }

  // ---- down

  @Test
  void nobodyListens_isDownAtOnce_askedEverySecond_andProbedBeforeItIsBack() {
    health.refused(gpu, "connection refused");
    assertThat(state()).isEqualTo(DOWN);
    assertThat(gpu.availability().use()).isEqualTo(Use.NONE);
    assertThat(health.probeTells("gpu-a")).isFalse();
    time.pass(3_000);
    assertThat(checksAsked).isBetween(2, 3);
    health.reachable("gpu-a");
    time.pass(0);
    assertThat(probesAsked).isEqualTo(1);
    probe(GOOD);
    time.pass(0);
    assertThat(probesAsked).as("the second does not wait for its turn").isEqualTo(2);
    probe(GOOD);
    assertThat(state()).isEqualTo(WARMING);
    int asked = checksAsked;
    time.pass(5_000);
    assertThat(checksAsked).isEqualTo(asked);
  }

  @Test
  void threeFailedChecks_areDown_butALastResort() {
    health.unreachable("gpu-a", false, "no answer in 2000 ms");
    assertThat(state()).isEqualTo(SUSPECT);
    health.unreachable("gpu-a", false, "no answer in 2000 ms");
    assertThat(gpu.availability().eligible()).isTrue();
    health.unreachable("gpu-a", false, "no answer in 2000 ms");
    assertThat(state()).isEqualTo(DOWN);
    assertThat(gpu.availability().use()).isEqualTo(Use.LAST_RESORT);
    assertThat(gpu.availability().reason())
        .isEqualTo("3 health checks in a row failed: no answer in 2000 ms");
  }

  @Test
  void failedChecks_whileTokensFlow_sayNothing() {
    for (int i = 0; i < 10; i++) {
      relay();
      health.unreachable("gpu-a", false, "no answer in 2000 ms");
    }
    assertThat(state()).isEqualTo(HEALTHY);
  }

  @Test
  void threeWrongAnswers_areDown_andTwoRightOnesBringItBack() {
    probe(WRONG);
    probe(WRONG);
    assertThat(state()).isEqualTo(SUSPECT);
    probe(WRONG);
    assertThat(state()).isEqualTo(DOWN);
    assertThat(gpu.availability().reason()).isEqualTo("3 probes in a row failed: status 500");
    probe(GOOD);
    probe(WRONG);
    probe(GOOD);
    assertThat(state()).isEqualTo(DOWN);
    probe(GOOD);
    assertThat(state()).isEqualTo(WARMING);
  }

  @Test
  void probesEnded_voidWhatOnlyTheyKnew() {
    hang();
    health.notProbed("gpu-a");
    assertThat(state()).isEqualTo(WARMING);
  }

  @Test
  void nobodyCanBeAsked_aRequestTries() {
    health.notProbed("gpu-a");
    health.notPulsed("gpu-a");
    health.refused(gpu, "connection refused");
    assertThat(state()).isEqualTo(DOWN);
    time.pass(5_000);
    assertThat(state()).isEqualTo(WARMING);
    health.refused(gpu, "connection refused");
    assertThat(state()).isEqualTo(DOWN);
  }

  @Test
  void checksOff_aGoodProbeTellsThatSomebodyListensAgain() {
    health.notPulsed("gpu-a");
    health.refused(gpu, "connection refused");
    assertThat(health.probeTells("gpu-a")).isTrue();
    probe(GOOD);
    probe(GOOD);
    assertThat(state()).isEqualTo(WARMING);
  }

  // ---- what requests found out

  @Test
  void ejected_staysOutForTheTime_thenAnswersAPromptFirst() {
    health.eject(gpu, 10_000, "5 requests in a row failed");
    assertThat(state()).isEqualTo(DOWN);
    assertThat(gpu.availability().use()).isEqualTo(Use.LAST_RESORT);
    assertThat(gpu.availability().untilNanos()).isEqualTo(time.ticker().nanos() + 10_000_000_000L);
    health.reachable("gpu-a");
    time.pass(9_999);
    assertThat(state()).isEqualTo(DOWN);
    time.pass(1);
    assertThat(state()).as("half-open: probed before it gets traffic").isEqualTo(DOWN);
    assertThat(gpu.availability().reason()).endsWith("it has to answer a prompt first");
    time.pass(0);
    assertThat(probesAsked).isPositive();
    probe(GOOD);
    probe(GOOD);
    assertThat(state()).isEqualTo(WARMING);
  }

  @Test
  void ejected_withoutProbes_isBackWhenTheTimeIsOver() {
    health.notProbed("gpu-a");
    health.eject(gpu, 10_000, "5 requests in a row failed");
    time.pass(10_000);
    assertThat(state()).isEqualTo(WARMING);
  }

  @Test
  void throttled_isBusyAndOut_forTheLongestTimeItAskedFor() {
    health.throttle(gpu, 2_000, "status 429, asks for 2 s");
    health.throttle(gpu, 1_000, "status 429, asks for 1 s");
    assertThat(state()).isEqualTo(BUSY);
    assertThat(gpu.availability().use()).isEqualTo(Use.NONE);
    time.pass(1_999);
    assertThat(gpu.availability().eligible()).isFalse();
    time.pass(1);
    assertThat(state()).isEqualTo(HEALTHY);
    assertThat(moves).containsExactly("healthy>busy", "busy>healthy");
  }

  @Test
  void wrongKey_isDown_untilAPromptIsAnswered_orItsRouteChanges() {
    health.misconfigured(gpu, "status 401");
    assertThat(state()).isEqualTo(DOWN);
    assertThat(gpu.availability().use()).isEqualTo(Use.NONE);
    health.reachable("gpu-a");
    assertThat(state()).isEqualTo(DOWN);
    health.specified("gpu-a", false);
    probe(GOOD);
    probe(GOOD);
    assertThat(state()).isEqualTo(WARMING);
  }

  // ---- back

  @Test
  void back_itsShareGrowsFromATenth_andItsBreakerIsClosed() {
    Breaker breaker = breakers.guard("gpu-a", BreakerSettings.DEFAULT);
    for (int i = 0; i < 5; i++) {
      Objects.requireNonNull(breaker.acquire())
          .answer(new Outcome.FailedBefore(Outcome.Cause.RESET, "x"), 1);
    }
    assertThat(breaker.state()).isEqualTo(Breaker.State.OPEN);
    hang();
    probe(GOOD);
    probe(GOOD);
    assertThat(breaker.state()).isEqualTo(Breaker.State.CLOSED);
    assertThat(gpu.share().now()).isCloseTo(0.1, within(0.001));
    time.pass(5_000);
    assertThat(gpu.share().now()).isCloseTo(0.55, within(0.001));
    assertThat(state()).isEqualTo(WARMING);
    time.pass(5_000);
    assertThat(gpu.share().now()).isEqualTo(1);
    assertThat(state()).isEqualTo(HEALTHY);
  }

  @Test
  void warmUp_asksForSoManyMorePrompts() {
    pool.respecify(
        new PoolPolicy(
            PoolPolicy.DEFAULT.timeouts(),
            PoolPolicy.UNSAID,
            20,
            PoolPolicy.Hedge.OFF,
            0,
            false,
            new PoolPolicy.Recovery(0, 3),
            PoolPolicy.DEFAULT.ejection(),
            10,
            PoolPolicy.Affinity.OFF),
        List.of(gpu));
    hang();
    for (int i = 0; i < 4; i++) {
      probe(GOOD);
      assertThat(gpu.availability().eligible()).isFalse();
    }
    probe(GOOD);
    assertThat(state()).as("no slow start").isEqualTo(HEALTHY);
  }

  @Test
  void failsWhileItWarms_theRampOfBeforeEndsNothing() {
    hang();
    probe(GOOD);
    probe(GOOD);
    time.pass(5_000);
    health.refused(gpu, "connection refused");
    health.reachable("gpu-a");
    probe(GOOD);
    probe(GOOD);
    assertThat(state()).isEqualTo(WARMING);
    time.pass(5_000); // when the first ramp would have ended
    assertThat(state()).isEqualTo(WARMING);
    time.pass(5_000);
    assertThat(state()).isEqualTo(HEALTHY);
  }

  // ---- probes that would tell nothing

  @Test
  void liveTraffic_provesThatItWorks_soNoPromptIsSpent() {
    assertThat(health.probeTells("gpu-a")).isTrue();
    relay();
    assertThat(health.probeTells("gpu-a")).isFalse();
    assertThat(health.probeTells("gpu-a")).as("nothing came since").isTrue();
    probe(WRONG);
    relay();
    assertThat(health.probeTells("gpu-a")).as("something is to be cleared up").isTrue();
  }

  // ---- drain

  @Test
  void drained_isSaidOnce_whenTheLastRequestHasLeft() {
    Lease lease = lease();
    drain(true);
    assertThat(state()).isEqualTo(DRAINING);
    assertThat(gpu.availability().use()).isEqualTo(Use.NONE);
    assertThat(Objects.requireNonNull(health.standing("gpu-a")).drained()).isFalse();
    lease.close(new Outcome.Completed(200));
    assertThat(moves).containsExactly("healthy>draining", "drained");
    assertThat(Objects.requireNonNull(health.standing("gpu-a")).drained()).isTrue();
    drain(true);
    health.reachable("gpu-a");
    assertThat(moves).hasSize(2);
    drain(false);
    assertThat(state()).isEqualTo(HEALTHY);
  }

  @Test
  void drain_ofRouteAndOperator_endWithTheLastOfThem() {
    health.specified("gpu-a", true);
    assertThat(moves).containsExactly("healthy>draining", "drained");
    drain(true);
    health.specified("gpu-a", false);
    assertThat(state()).isEqualTo(DRAINING);
    drain(false);
    assertThat(state()).isEqualTo(HEALTHY);
  }

  // ---- ejected by an operator

  @Test
  void ejected_isDown_noLastResort_andProvesItselfAfterwards() {
    set(before -> before.withEject(true));
    assertThat(state()).isEqualTo(DOWN);
    assertThat(gpu.availability().use()).isEqualTo(Use.NONE);
    assertThat(gpu.availability().reason()).isEqualTo("ejected by ana");
    health.reachable("gpu-a");
    probe(GOOD);
    probe(GOOD);
    assertThat(state()).as("good answers do not bring it back").isEqualTo(DOWN);
    health.specified("gpu-a", false);
    assertThat(state()).as("nor does a reload").isEqualTo(DOWN);
    set(before -> before.withEject(false));
    assertThat(gpu.override()).isEqualTo(ServerOverride.NONE);
    assertThat(state()).isNotEqualTo(DOWN);
  }

  @Test
  void ejected_beforeItWasProbed_returnsWhenItHasAnswered() {
    set(before -> before.withEject(true));
    set(before -> before.withEject(false));
    assertThat(state()).isEqualTo(DOWN);
    time.pass(1);
    assertThat(probesAsked).as("it is asked at once").isPositive();
    probe(GOOD);
    assertThat(state()).isEqualTo(DOWN);
    probe(GOOD);
    assertThat(state()).isEqualTo(WARMING);
  }

  @Test
  void override_ofAServerThatComesBack_holdsFromTheStart() {
    set(before -> before.withDrain(true).withWeight(7));
    Backend again = new Backend(BackendSpec.of("gpu-a", URI.create("http://a")));
    overrides.join(again);
    health.join(again);
    assertThat(again.availability().state()).isEqualTo(DRAINING);
    assertThat(again.spec().weight()).isEqualTo(7);
  }

  @Test
  void unknownServer_isNoError() {
    health.reachable("nobody");
    health.probed("nobody", GOOD);
    assertThat(health.probeTells("nobody")).isTrue();
    assertThat(health.standing("nobody")).isNull();
    assertThat(health.probe("nobody", report -> {})).isFalse();
  }

  private void drain(boolean wanted) {
    set(before -> before.withDrain(wanted));
  }

  private void set(UnaryOperator<ServerOverride> change) {
    overrides.change(gpu, before -> change.apply(before).signed("ana", 1));
    health.overridden(gpu);
  }

  private void hang() {
    probe(LATE);
    probe(LATE);
    assertThat(state()).isEqualTo(HUNG);
  }

  private void probe(ProbeVerdict verdict) {
    health.probeTells("gpu-a");
    health.probed("gpu-a", verdict);
  }

  /** A token of some answer passes. */
  private void relay() {
    Lease lease = lease();
    lease.firstByte(true);
    lease.close(new Outcome.Completed(200));
  }

  private Lease lease() {
    return Objects.requireNonNull(Lease.open(gpu, "llama", time.ticker()));
  }

  private ServerState state() {
    return gpu.availability().state();
  }
}
