package dev.caravan.select.score;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caravan.select.Offers;
import dev.caravan.select.Scorer;
import dev.caravan.select.ScorerContract;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class LeastInflightTest extends ScorerContract {

  @Override
  protected Scorer scorer() {
    return new LeastInflight();
  }

  private double score(int inflight, int weight) {
    return scorer().score(request, Offers.server("any", inflight, weight));
  }

  @Test
  void score_idleServers_isOneWhateverTheWeight() {
    assertThat(score(0, 1)).isEqualTo(1);
    assertThat(score(0, 256)).isEqualTo(1);
  }

  @Test
  void score_workedExamples_areTheFormula() {
    assertThat(score(1, 1)).isEqualTo(0.5);
    assertThat(score(2, 2)).isEqualTo(0.5);
    assertThat(score(3, 1)).isEqualTo(0.25);
  }

  @Property
  void score_equalLoads_areExactlyEqual(
      @ForAll @IntRange(max = 100_000) int inflight,
      @ForAll @IntRange(min = 1, max = 16) int weight,
      @ForAll @IntRange(min = 1, max = 16) int times) {
    assertThat(score(inflight * times, weight * times)).isEqualTo(score(inflight, weight));
  }

  @Property
  void score_anyTwoLoads_areOrderedAsTheLoads(
      @ForAll @IntRange(max = Integer.MAX_VALUE) int inflight,
      @ForAll @IntRange(min = 1, max = 256) int weight,
      @ForAll @IntRange(max = Integer.MAX_VALUE) int otherInflight,
      @ForAll @IntRange(min = 1, max = 256) int otherWeight) {
    int byLoad = Long.compare((long) otherInflight * weight, (long) inflight * otherWeight);
    assertThat(Double.compare(score(inflight, weight), score(otherInflight, otherWeight)))
        .isEqualTo(byLoad);
  }

  @Property
  void score_oneMoreInflight_isStrictlyLower(
      @ForAll @IntRange(max = Integer.MAX_VALUE - 1) int inflight,
      @ForAll @IntRange(min = 1, max = 256) int weight) {
    assertThat(score(inflight + 1, weight)).isLessThan(score(inflight, weight));
  }
}
