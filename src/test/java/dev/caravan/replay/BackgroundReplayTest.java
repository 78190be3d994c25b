package dev.caravan.replay;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caravan.replay.BackgroundStudy.Beside;
import dev.caravan.replay.BackgroundStudy.Kind;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The short form of docs/background.md; the same figures on any machine. */
@ExtendWith(QuietHealth.class)
class BackgroundReplayTest {
  private static final Workload ZIPF =
      Workload.of(
          SyntheticTrace.zipf(BackgroundStudy.FLEET.seed()),
          BackgroundStudy.FLEET.engine().blockTokens());

  private static double p99(Figures figures) {
    return figures.ttft().at(0.99);
  }

  /** At about 40 and 70 % of what each carries. */
  @ParameterizedTest
  @CsvSource({
    "least-tokens, 5.5",
    "least-tokens, 9.7",
    "prefix-affinity, 7.8",
    "prefix-affinity, 13.7",
    "least-inflight, 9.7",
    "round-robin, 9.3"
  })
  void beside_anyBacklog_firstTokensAreAFifthLaterAtMost(String balancer, double pace) {
    Setup fleet = BackgroundStudy.FLEET;
    double alone = p99(new Replay(ZIPF, fleet, balancer, Scenario.STEADY, pace).run());
    for (Kind kind : Kind.values()) {
      Beside beside = BackgroundStudy.beside(ZIPF, fleet, balancer, pace, kind, true);
      assertThat(p99(beside.figures()) / alone).as("%s", kind).isLessThanOrEqualTo(1.2);
      assertThat(beside.figures().failed() + beside.figures().rejected()).isZero();
      assertThat(beside.tokens()).as("%s goes on", kind).isGreaterThan(300);
    }
  }

  @Test
  void beside_aBacklogThatDoesNotYield_firstTokensAreMuchLater() {
    Setup fleet = BackgroundStudy.FLEET;
    double alone = p99(new Replay(ZIPF, fleet, "least-tokens", Scenario.STEADY, 9.7).run());
    Beside none = BackgroundStudy.beside(ZIPF, fleet, "least-tokens", 9.7, Kind.ORDINARY, false);
    Beside slots =
        BackgroundStudy.beside(
            ZIPF,
            fleet.withBackground(BackgroundStudy.SLOTS),
            "least-tokens",
            9.7,
            Kind.ORDINARY,
            true);
    assertThat(p99(none.figures())).isGreaterThan(1.5 * alone);
    assertThat(p99(slots.figures())).as("slots alone do not do").isGreaterThan(1.5 * alone);
  }

  @Test
  void idleFleet_runsBackgroundWorkAtFullSpeed() {
    Backlog jobs = BackgroundStudy.backlog(Kind.ORDINARY);
    Workload nobody =
        Workload.of(
            SyntheticTrace.zipf(1).first(0.001), BackgroundStudy.FLEET.engine().blockTokens());
    new Replay(nobody, BackgroundStudy.FLEET, "least-tokens", Scenario.STEADY, 1)
        .beside(jobs, 0)
        .idle(30);
    assertThat(jobs.tokens() / 30).isGreaterThan(50_000);
  }
}
