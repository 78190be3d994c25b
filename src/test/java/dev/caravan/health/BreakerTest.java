package dev.caravan.health;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.caravan.fleet.Backend;
import dev.caravan.fleet.BackendSpec;
import dev.caravan.fleet.Gate;
import dev.caravan.fleet.Lease;
import dev.caravan.health.BreakerSettings.Window;
import dev.caravan.outcome.Outcome;
import dev.caravan.outcome.Outcome.Cause;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class BreakerTest {
  private static final Outcome GOOD = new Outcome.Completed(200);
  private static final Outcome BAD = new Outcome.FailedBefore(Cause.RESET, "reset");
  private static final Outcome GONE = new Outcome.ClientGone(true);
  private static final long WAIT = BreakerSettings.DEFAULT.waitOpenMillis();

  private final HandTicker ticker = new HandTicker();
  private final List<String> moves = new ArrayList<>();
  private final Breakers breakers =
      new Breakers(
          ticker,
          new HealthListener() {
            @Override
            public void breakerMoved(
                String server, Breaker.State from, Breaker.State to, String reason) {
              moves.add(server + " " + from + "->" + to + ": " + reason);
            }
          });
  private final Breaker breaker = breakers.guard("gpu-a", BreakerSettings.DEFAULT);

  @Test
  void dead_server_opensAtTheMinimumOfCalls() {
    for (int i = 0; i < 4; i++) {
      call(BAD);
      assertThat(breaker.permits()).isTrue();
    }
    call(BAD);
    assertThat(breaker.state()).isEqualTo(Breaker.State.OPEN);
    assertThat(breaker.permits()).isFalse();
    assertThat(breaker.acquire()).isNull();
    assertThat(moves).containsExactly("gpu-a CLOSED->OPEN: 5 of 5 calls failed; the last: reset");
  }

  @Test
  void half_ofTheCallsFailing_opens_lessDoesNot() {
    for (int i = 0; i < 20; i++) {
      call(i % 3 == 0 ? BAD : GOOD); // 7 of 20
    }
    assertThat(breaker.state()).isEqualTo(Breaker.State.CLOSED);
    for (int i = 0; i < 5; i++) { // each pushes the oldest out; after the fifth 10 of 20 are bad
      assertThat(breaker.state()).isEqualTo(Breaker.State.CLOSED);
      call(BAD);
    }
    assertThat(breaker.state()).isEqualTo(Breaker.State.OPEN);
  }

  @Test
  void clientErrorsThrottlingAndClientsWhoLeave_neverOpenIt() {
    for (int i = 0; i < 100; i++) {
      call(new Outcome.Completed(400));
      call(new Outcome.Throttled(429, 1000));
      call(GONE);
      call(new Outcome.Refused("x"));
      call(new Outcome.Expired("x"));
    }
    assertThat(breaker.state()).isEqualTo(Breaker.State.CLOSED);
  }

  @Test
  void asking_changesNothing() {
    open();
    ticker.pass(WAIT + 1);
    for (int i = 0; i < 10; i++) {
      assertThat(breaker.permits()).isTrue();
    }
    assertThat(breaker.state()).isEqualTo(Breaker.State.OPEN);
  }

  @Test
  void waitOver_letsThreeTrialsThrough_andGoodOnesClose() {
    open();
    ticker.pass(WAIT);
    assertThat(breaker.acquire()).isNull();
    ticker.pass(1);
    List<Permission> trials = trials(3);
    assertThat(breaker.state()).isEqualTo(Breaker.State.HALF_OPEN);
    assertThat(breaker.permits()).isFalse();
    assertThat(breaker.acquire()).isNull();
    trials.forEach(trial -> trial.answer(GOOD, 0));
    assertThat(breaker.state()).isEqualTo(Breaker.State.CLOSED);
    assertThat(breaker.permits()).isTrue();
  }

  @Test
  void twoBadTrials_openAgain_forTheWholeWait() {
    open();
    ticker.pass(WAIT + 1);
    List<Permission> trials = trials(3);
    trials.get(0).answer(GOOD, 0);
    trials.get(1).answer(BAD, 0);
    assertThat(breaker.state()).isEqualTo(Breaker.State.HALF_OPEN);
    trials.get(2).answer(BAD, 0);
    assertThat(breaker.state()).isEqualTo(Breaker.State.OPEN);
    ticker.pass(WAIT);
    assertThat(breaker.permits()).isFalse();
    ticker.pass(1);
    assertThat(breaker.permits()).isTrue();
  }

  @Test
  void trialGivenBack_isFreeForTheNext_onceHoweverOftenAnswered() {
    open();
    ticker.pass(WAIT + 1);
    List<Permission> trials = trials(3);
    Permission trial = trials.get(0);
    trial.giveBack();
    trial.giveBack();
    trial.answer(BAD, 0);
    trial.answer(GONE, 0);
    assertThat(breaker.permits()).isTrue();
    trials(1);
    assertThat(breaker.permits()).isFalse();
    assertThat(breaker.acquire()).isNull();
  }

  @Test
  void callsSentBeforeItOpened_teachTheRecoveredServerNothing() {
    List<Permission> early = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      early.add(permission());
    }
    open();
    ticker.pass(WAIT + 1);
    List<Permission> trials = trials(3);
    early.subList(0, 5).forEach(stale -> stale.answer(BAD, 0));
    early.subList(5, 7).forEach(Permission::giveBack);
    assertThat(breaker.state()).isEqualTo(Breaker.State.HALF_OPEN);
    assertThat(breaker.permits()).isFalse();
    trials.forEach(trial -> trial.answer(GOOD, 0));
    early.subList(7, 10).forEach(stale -> stale.answer(BAD, 0));
    call(BAD);
    call(BAD);
    assertThat(breaker.state()).isEqualTo(Breaker.State.CLOSED);
  }

  @Test
  void lease_teachesAtItsEnd_alsoInTheMiddleOfAnAnswer() {
    Backend backend = new Backend(BackendSpec.of("gpu-a", URI.create("http://a")));
    for (int i = 0; i < 5; i++) {
      Lease lease = Objects.requireNonNull(Lease.open(backend, "llama", ticker));
      lease.guard(permission());
      lease.firstByte(true);
      assertThat(breaker.state()).isEqualTo(Breaker.State.CLOSED);
      lease.close(new Outcome.FailedAfter(Cause.IDLE_TIMEOUT, "silent for 60 s"));
    }
    assertThat(breaker.state()).isEqualTo(Breaker.State.OPEN);
    assertThat(moves).last().asString().endsWith("the last: silent for 60 s");
    assertThat(backend.inflight()).isZero();
  }

  @Test
  void reset_closesAndForgets() {
    open();
    breaker.reset("2 probes in a row succeeded");
    assertThat(breaker.permits()).isTrue();
    assertThat(moves).last().isEqualTo("gpu-a OPEN->CLOSED: 2 probes in a row succeeded");
    for (int i = 0; i < 4; i++) {
      call(BAD);
    }
    breaker.reset("again");
    call(BAD);
    assertThat(breaker.state()).isEqualTo(Breaker.State.CLOSED);
    assertThat(breaker.failureRatePercent()).isEqualTo(-1);
  }

  @Test
  void slowCalls_openIt_whereSettingsSaySo_byTheFirstByte() {
    breakers.guard("gpu-a", new BreakerSettings(Window.CALLS, 4, 4, 100, 1000, 1, 500, 50));
    for (int i = 0; i < 4; i++) {
      permission().answer(GOOD, TimeUnit.MILLISECONDS.toNanos(i < 2 ? 501 : 500));
    }
    assertThat(breaker.state()).isEqualTo(Breaker.State.OPEN);
    assertThat(moves)
        .containsExactly(
            "gpu-a CLOSED->OPEN: 0 failed and 2 slow of 4 calls; the last: status 200");
  }

  @Test
  void windowOfSeconds_forgetsWithTheTicker() {
    breakers.guard("gpu-a", new BreakerSettings(Window.SECONDS, 10, 3, 50, 1000, 1, 500, 50));
    call(BAD);
    call(BAD);
    ticker.pass(11_000);
    call(BAD);
    call(BAD);
    assertThat(breaker.state()).isEqualTo(Breaker.State.CLOSED);
    call(BAD);
    assertThat(breaker.state()).isEqualTo(Breaker.State.OPEN);
  }

  @Test
  void settings_sameOnesChangeNothing_othersStartAnew() {
    open();
    assertThat(breakers.guard("gpu-a", BreakerSettings.DEFAULT)).isSameAs(breaker);
    assertThat(breaker.state()).isEqualTo(Breaker.State.OPEN);
    breakers.guard("gpu-a", new BreakerSettings(Window.CALLS, 10, 5, 50, 1, 1, 1, 1));
    assertThat(breaker.state()).isEqualTo(Breaker.State.CLOSED);
    assertThat(breaker.settings().windowSize()).isEqualTo(10);
    assertThat(breakers.all()).containsExactly(breaker);
  }

  @Test
  void settings_thatContradictThemselves_areRefused() {
    assertThatThrownBy(() -> new BreakerSettings(Window.CALLS, 5, 6, 50, 1, 1, 1, 1))
        .hasMessage("minimumCalls 6 can never be reached in a window of 5");
    assertThatThrownBy(() -> new BreakerSettings(Window.CALLS, 5, 5, 0, 1, 1, 1, 1))
        .hasMessage("failureRatePercent 0.0 is not above 0 and up to 100");
    assertThatThrownBy(() -> new BreakerSettings(Window.CALLS, 5, 5, Float.NaN, 1, 1, 1, 1))
        .hasMessage("failureRatePercent NaN is not above 0 and up to 100");
    assertThatThrownBy(() -> new BreakerSettings(Window.SECONDS, 5, 5, 50, 0, 1, 1, 1))
        .hasMessage("waitOpenMillis 0 is less than 1");
  }

  @Test
  void gate_isTheBreaker_inWhicheverOrderTheyComeToBeKnown() {
    Backend early = new Backend(BackendSpec.of("early", URI.create("http://a")));
    Backend late = new Backend(BackendSpec.of("late", URI.create("http://a")));
    Backend unguarded = new Backend(BackendSpec.of("unguarded", URI.create("http://a")));
    breakers.join(early);
    Breaker first = breakers.guard("early", BreakerSettings.DEFAULT);
    Breaker second = breakers.guard("late", BreakerSettings.DEFAULT);
    breakers.join(late);
    breakers.join(unguarded);
    assertThat(early.gate()).isSameAs(first);
    assertThat(late.gate()).isSameAs(second);
    assertThat(unguarded.gate()).isSameAs(Gate.NONE);
    assertThat(breakers.find("unguarded")).isNull();
  }

  @Test
  void race_trialsOfManyThreads_areNeverMoreThanAllowedAndNeverLost() throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(4);
    try {
      for (int round = 0; round < 50; round++) {
        open();
        ticker.pass(WAIT + 1);
        AtomicInteger out = new AtomicInteger();
        CountDownLatch done = new CountDownLatch(4);
        for (int t = 0; t < 4; t++) {
          threads.execute(
              () -> {
                for (int i = 0; i < 50; i++) {
                  Permission permission = breaker.acquire();
                  if (permission != null) {
                    assertThat(out.incrementAndGet()).isLessThanOrEqualTo(3);
                    out.decrementAndGet();
                    permission.giveBack();
                  }
                }
                done.countDown();
              });
        }
        assertThat(done.await(20, TimeUnit.SECONDS)).isTrue();
        trials(3).forEach(trial -> trial.answer(GOOD, 0));
        assertThat(breaker.state()).isEqualTo(Breaker.State.CLOSED);
      }
    } finally {
      threads.shutdownNow();
    }
  }

  private void open() {
    while (breaker.state() == Breaker.State.CLOSED) {
      call(BAD);
    }
  }

  private List<Permission> trials(int count) {
    List<Permission> trials = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      trials.add(permission());
    }
    return trials;
  }

  private void call(Outcome outcome) {
    permission().answer(outcome, 0);
  }

  private Permission permission() {
    return Objects.requireNonNull(breaker.acquire());
  }

  @Test
  void stage_untilCommit_changesNeitherSettingsNorGates() {
    Backend guarded = new Backend(BackendSpec.of("gpu-a", URI.create("http://10.0.0.1")));
    Backend bare = new Backend(BackendSpec.of("gpu-b", URI.create("http://10.0.0.2")));
    breakers.join(guarded);
    breakers.join(bare);
    BreakerSettings other = new BreakerSettings(Window.CALLS, 9, 3, 40, 700, 2, 1_000, 50);
    breakers.stage();
    assertThat(breakers.guard("gpu-a", other)).isSameAs(breaker);
    breakers.guard("gpu-b", other);
    breakers.drop();
    assertThat(breaker.settings()).isEqualTo(BreakerSettings.DEFAULT);
    assertThat(bare.gate()).isSameAs(Gate.NONE);
    breakers.stage();
    breakers.guard("gpu-a", other);
    Breaker made = breakers.guard("gpu-b", other);
    assertThat(breakers.guard("gpu-b", other)).isSameAs(made);
    breakers.commit();
    breakers.sweep(Set.of());
    assertThat(breaker.settings()).isEqualTo(other);
    assertThat(guarded.gate()).isSameAs(breaker);
    assertThat(bare.gate()).isSameAs(made);
  }

  @Test
  void sweep_serverThatNoRouteGuards_hasNoBreakerAnyMore() {
    Backend backend = new Backend(BackendSpec.of("gpu-a", URI.create("http://10.0.0.1")));
    breakers.join(backend);
    for (int i = 0; i < 5; i++) {
      call(BAD);
    }
    assertThat(backend.gate().permits()).isFalse();
    breakers.sweep(Set.of());
    assertThat(backend.gate()).as("a step guards it").isSameAs(breaker);
    breakers.unguard("gpu-a");
    breakers.sweep(Set.of("gpu-a"));
    assertThat(backend.gate()).as("it leaves, and may come back").isSameAs(breaker);
    breakers.sweep(Set.of());
    assertThat(backend.gate()).isSameAs(Gate.NONE);
    assertThat(breakers.find("gpu-a")).isNull();
    assertThat(moves).last().isEqualTo("gpu-a OPEN->CLOSED: no route guards it");
  }
}
