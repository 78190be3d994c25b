package dev.caravan.health;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.caravan.fleet.Availability;
import dev.caravan.fleet.Backend;
import dev.caravan.fleet.BackendSpec;
import dev.caravan.fleet.Fleet;
import dev.caravan.outcome.Outcome;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class ProbeLedgerTest {
  private final List<String> told = new ArrayList<>();
  private final HealthListener listener =
      new HealthListener() {
        @Override
        public void probed(String server, boolean good) {
          told.add(good ? "good" : "bad");
        }

        @Override
        public void ejected(String server, String reason) {
          told.add("ejected " + server + ": " + reason);
        }

        @Override
        public void restored(String server, String reason) {
          told.add("restored " + server + ": " + reason);
        }
      };
  private final Breakers breakers = new Breakers(new HandTicker(), HealthListener.NONE);
  private final Fleet fleet = new Fleet(breakers::join);
  private final Backend gpu = fleet.register(BackendSpec.of("gpu-a", URI.create("http://a")));
  private final ProbeLedger ledger = new ProbeLedger(3, 2, fleet, breakers, listener);

  @Test
  void threeFailuresInARow_eject_onceAndWithTheReason() {
    fail(2);
    assertThat(gpu.availability()).isEqualTo(Availability.UP);
    fail(3);
    assertThat(gpu.availability())
        .isEqualTo(Availability.down("3 probes in a row failed: status 500"));
    assertThat(told)
        .containsExactly(
            "bad",
            "bad",
            "bad",
            "ejected gpu-a: 3 probes in a row failed: status 500",
            "bad",
            "bad");
    assertThat(ledger.standing("gpu-a"))
        .isEqualTo(new ProbeLedger.Standing("gpu-a", 5, 0, true, "status 500"));
  }

  @Test
  void aGoodProbeInBetween_startsTheCountAnew() {
    for (int i = 0; i < 10; i++) {
      fail(2);
      ledger.succeeded("gpu-a");
    }
    assertThat(gpu.availability().eligible()).isTrue();
  }

  @Test
  void twoSuccessesInARow_restore_andCloseTheBreaker() {
    Breaker breaker = breakers.guard("gpu-a", BreakerSettings.DEFAULT);
    for (int i = 0; i < 5; i++) {
      Objects.requireNonNull(breaker.acquire())
          .answer(new Outcome.FailedBefore(Outcome.Cause.CONNECT, "refused"), 0);
    }
    fail(3);
    ledger.succeeded("gpu-a");
    fail(1);
    ledger.succeeded("gpu-a");
    assertThat(gpu.availability().eligible()).isFalse();
    assertThat(breaker.permits()).isFalse();
    ledger.succeeded("gpu-a");
    assertThat(gpu.availability()).isEqualTo(Availability.UP);
    assertThat(breaker.state()).isEqualTo(Breaker.State.CLOSED);
    assertThat(told).last().isEqualTo("restored gpu-a: 2 probes in a row succeeded");
  }

  @Test
  void successesOfAServerThatIsIn_leaveItsBreakerAlone() {
    Breaker breaker = breakers.guard("gpu-a", BreakerSettings.DEFAULT);
    for (int i = 0; i < 5; i++) {
      Objects.requireNonNull(breaker.acquire())
          .answer(new Outcome.FailedBefore(Outcome.Cause.CONNECT, "refused"), 0);
    }
    ledger.succeeded("gpu-a");
    ledger.succeeded("gpu-a");
    assertThat(breaker.state()).isEqualTo(Breaker.State.OPEN);
  }

  @Test
  void whatOthersSaidOfItMeanwhile_stays() {
    fail(3);
    Availability drained = Availability.down("drained by the operator");
    gpu.availability(drained);
    ledger.succeeded("gpu-a");
    ledger.succeeded("gpu-a");
    assertThat(gpu.availability()).isEqualTo(drained);
  }

  @Test
  void forgotten_endsTheEjection() {
    fail(3);
    ledger.forget("gpu-a");
    assertThat(gpu.availability()).isEqualTo(Availability.UP);
    assertThat(ledger.standing("gpu-a")).isNull();
    assertThat(told).last().isEqualTo("restored gpu-a: it is not probed any more");
    ledger.forget("gpu-b");
  }

  @Test
  void serverThatTheFleetDoesNotKnow_isJudgedAllTheSame() {
    for (int i = 0; i < 3; i++) {
      ledger.failed("gpu-b", "x");
    }
    ledger.succeeded("gpu-a");
    assertThat(ledger.standings())
        .extracting(ProbeLedger.Standing::server, ProbeLedger.Standing::ejected)
        .containsExactly(
            org.assertj.core.groups.Tuple.tuple("gpu-a", false),
            org.assertj.core.groups.Tuple.tuple("gpu-b", true));
  }

  @Test
  void probesNeverTouchTheInflightCount() {
    fail(5);
    ledger.succeeded("gpu-a");
    ledger.succeeded("gpu-a");
    assertThat(gpu.inflight()).isZero();
  }

  @Test
  void thresholdsBelowOne_areRefused() {
    assertThatThrownBy(() -> new ProbeLedger(0, 2, fleet, breakers, listener))
        .hasMessage(
            "caravan.probe.failures and caravan.probe.successes must be at least 1, but are 0 and"
                + " 2");
  }

  private void fail(int times) {
    for (int i = 0; i < times; i++) {
      ledger.failed("gpu-a", "status 500");
    }
  }
}
