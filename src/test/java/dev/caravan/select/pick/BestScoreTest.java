package dev.caravan.select.pick;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caravan.select.Offers;
import dev.caravan.select.Picker;
import dev.caravan.select.PickerContract;
import dev.caravan.time.Chance;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BestScoreTest extends PickerContract {

  @Override
  protected Picker picker(Chance chance) {
    return new BestScore(chance);
  }

  @Property
  void pick_anyScores_isAHighestOne(
      @ForAll @Size(min = 1, max = 20) List<@DoubleRange(max = 1) Double> scores,
      @ForAll long seed) {
    double[] plain = scores.stream().mapToDouble(Double::doubleValue).toArray();
    int picked = pick(picker(Chance.seeded(seed)), Offers.scored(plain));
    assertThat(scores).allMatch(score -> score <= plain[picked]);
  }

  @Test
  void pick_noTie_drawsNothing() {
    Picker picker =
        picker(
            () -> {
              throw new AssertionError("drew for nothing");
            });
    assertThat(pick(picker, Offers.scored(0.2, 0.9, 0.4))).isEqualTo(1);
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void pick_fiveTiedAmongLower_uniformByChiSquare(long seed) {
    int draws = 50_000;
    int[] counts =
        counts(
            picker(Chance.seeded(seed)),
            Offers.scored(0.1, 0.5, 0.5, 0.3, 0.5, 0.5, 0.2, 0.5),
            draws);
    double chiSquare = 0;
    for (int index : new int[] {1, 2, 4, 5, 7}) {
      chiSquare += Math.pow(counts[index] - draws / 5.0, 2) / (draws / 5.0);
    }
    assertThat(counts[0] + counts[3] + counts[6]).isZero();
    // 18.47 is passed by chance once in 1,000 seeds, with 4 degrees of freedom.
    assertThat(chiSquare).isLessThan(18.47);
  }

  @Test
  void pick_tieBelowALaterBest_bestWins() {
    assertThat(counts(picker(), Offers.scored(0.5, 0.5, 0.5, 0.6), 100))
        .containsExactly(0, 0, 0, 100);
  }
}
