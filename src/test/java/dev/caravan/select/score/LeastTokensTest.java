package dev.caravan.select.score;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caravan.select.Offers;
import dev.caravan.select.Scorer;
import dev.caravan.select.ScorerContract;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;

class LeastTokensTest extends ScorerContract {

  @Override
  protected Scorer scorer() {
    return new LeastTokens();
  }

  private double score(long tokens, int weight) {
    return scorer().score(request, Offers.server("any", 3, weight).loaded(tokens, 1, 0, 10, 0));
  }

  @Test
  void score_workedExamples_areTheFormula() {
    assertThat(score(0, 1)).isEqualTo(1);
    assertThat(score(0, 256)).isEqualTo(1);
    assertThat(score(3, 1)).isEqualTo(0.25);
    assertThat(score(6, 2)).isEqualTo(0.25);
  }

  @Test
  void measure_tokensOverWeight() {
    assertThat(scorer().measure(request, Offers.server("any", 9, 4).loaded(1_000, 1, 500, 10, 0.1)))
        .isEqualTo(250);
  }

  @Property
  void score_equalLoads_areExactlyEqual(
      @ForAll @LongRange(max = 1 << 30) long tokens,
      @ForAll @IntRange(min = 1, max = 16) int weight,
      @ForAll @IntRange(min = 1, max = 16) int times) {
    assertThat(score(tokens * times, weight * times)).isEqualTo(score(tokens, weight));
  }

  @Property
  void score_anyTwoLoads_areOrderedAsTheLoads(
      @ForAll @LongRange(max = 1L << 36) long tokens,
      @ForAll @IntRange(min = 1, max = 256) int weight,
      @ForAll @LongRange(max = 1L << 36) long otherTokens,
      @ForAll @IntRange(min = 1, max = 256) int otherWeight) {
    int byLoad = Long.compare(otherTokens * weight, tokens * otherWeight);
    assertThat(Double.compare(score(tokens, weight), score(otherTokens, otherWeight)))
        .isEqualTo(byLoad);
  }
}
