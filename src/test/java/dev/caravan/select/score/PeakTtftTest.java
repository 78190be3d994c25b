package dev.caravan.select.score;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.caravan.fleet.Load;
import dev.caravan.select.BackendView;
import dev.caravan.select.Offers;
import dev.caravan.select.Scorer;
import dev.caravan.select.ScorerContract;
import org.junit.jupiter.api.Test;

class PeakTtftTest extends ScorerContract {
  private final int prompt = request.promptTokens();

  @Override
  protected Scorer scorer() {
    return new PeakTtft();
  }

  private double measure(BackendView view) {
    return scorer().measure(request, view);
  }

  @Test
  void measure_workedExamples_areTheFormula() {
    assertThat(measure(Offers.server("any", 0, 1).loaded(0, 0, 0, 10, 0.2)))
        .isCloseTo(0.2 * (prompt + Load.FIXED_TOKENS), within(1e-9));
    assertThat(measure(Offers.server("any", 3, 1).loaded(4_000, 0, 0, 10, 0.2)))
        .isCloseTo(0.2 * (4_000 + prompt + 4 * Load.FIXED_TOKENS), within(1e-9));
    assertThat(measure(Offers.server("any", 3, 4).loaded(4_000, 0, 0, 10, 0.2)))
        .isCloseTo(0.05 * (4_000 + prompt + 4 * Load.FIXED_TOKENS), within(1e-9));
  }

  @Test
  void measure_unknownServer_isTriedWhileIdle_andWaitedForThen() {
    double fast = measure(Offers.server("fast", 0, 1).loaded(0, 0, 0, 10, 0.02));
    assertThat(measure(Offers.server("new", 0, 1).loaded(0, 0, 0, 10, 0))).isLessThan(fast);
    assertThat(measure(Offers.server("new", 1, 1).loaded(700, 0, 0, 10, 0))).isGreaterThan(fast);
  }

  @Test
  void measure_unknownServers_areOrderedByWhatTheyHold() {
    double before = 0;
    for (int held = 0; held < 20; held++) {
      double now = measure(Offers.server("new", held, 1).loaded(700L * held, 0, 0, 10, 0));
      assertThat(now).isGreaterThan(before);
      before = now;
    }
  }
}
