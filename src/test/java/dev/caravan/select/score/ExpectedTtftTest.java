package dev.caravan.select.score;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.caravan.request.AnyRequest;
import dev.caravan.select.BackendView;
import dev.caravan.select.Offers;
import dev.caravan.select.Scorer;
import dev.caravan.select.ScorerContract;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class ExpectedTtftTest extends ScorerContract {
  private final int prompt = request.promptTokens();

  @Override
  protected Scorer scorer() {
    return new ExpectedTtft();
  }

  private double measure(long backlog, double tokensPerMilli, int cached, double pressure) {
    BackendView view = Offers.server("any", 3, 5).loaded(9_000, 2, backlog, tokensPerMilli, 0.1);
    return scorer().measure(request, view.caching(cached, pressure));
  }

  @Test
  void measure_workedExamples_areTheFormula() {
    // One of the three in flight has its first token, and is held up by a quarter.
    double left = prompt - 600;
    assertThat(measure(0, 10, 0, 1)).isCloseTo(at(10, 0, prompt, 1), within(1e-9));
    assertThat(measure(200, 10, 600, 1)).isCloseTo(at(10, 200, left, 1), within(1e-9));
    assertThat(measure(200, 10, 600, 0)).isCloseTo(at(10, 200, left, 0), within(1e-9));
    assertThat(measure(200, 20, 600, 0.5)).isCloseTo(at(20, 200, left, 0.5), within(1e-9));
  }

  private static double at(double speed, double backlog, double uncached, double pressure) {
    return (backlog + 1.25 * (500 + uncached) + 3 * pressure * uncached) / speed;
  }

  @Test
  void measure_allCached_isTheWait() {
    assertThat(measure(700, 10, prompt, 3)).isCloseTo(at(10, 700, 0, 3), within(1e-9));
    assertThat(measure(700, 10, prompt + 50, 3)).isCloseTo(at(10, 700, 0, 3), within(1e-9));
    assertThat(scorer().measure(AnyRequest.chat(), Offers.server("idle", 0, 1))).isEqualTo(500);
  }

  @Property
  void measure_moreCachedOrLessToDoOrFaster_isNeverDearer(
      @ForAll @IntRange(max = 100_000) int backlog,
      @ForAll @IntRange(min = 1, max = 100) int speed,
      @ForAll @IntRange(max = 2_000) int cached,
      @ForAll @IntRange(max = 8) int pressure) {
    double here = measure(backlog, speed, cached, pressure);
    assertThat(measure(backlog, speed, cached + 128, pressure)).isLessThanOrEqualTo(here);
    assertThat(measure(backlog, speed + 1, cached, pressure)).isLessThanOrEqualTo(here);
    assertThat(measure(backlog + 1, speed, cached, pressure)).isGreaterThan(here);
    assertThat(measure(backlog, speed, cached, pressure + 1)).isGreaterThanOrEqualTo(here);
  }
}
