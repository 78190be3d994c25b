package dev.caravan.select.pick;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caravan.fleet.Availability;
import dev.caravan.fleet.BackendSpec;
import dev.caravan.select.BackendView;
import dev.caravan.select.Candidates;
import dev.caravan.select.Offers;
import dev.caravan.select.Picker;
import dev.caravan.select.PickerContract;
import dev.caravan.select.Snapshot;
import dev.caravan.time.Chance;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class TwoChoicesTest extends PickerContract {

  @Override
  protected Picker picker(Chance chance) {
    return new TwoChoices(chance);
  }

  @Test
  void pick_fourScores_eachWinsAsOftenAsItIsTheBetterOfTwo() {
    int[] counts = counts(picker(), Offers.scored(0.2, 0.8, 0.4, 0.6), 60_000);
    // Of six pairs the best is in three, the next is the better one of two, the third of one.
    assertThat(counts[0]).isZero();
    assertThat(counts[1]).isBetween(29_500, 30_500);
    assertThat(counts[3]).isBetween(19_500, 20_500);
    assertThat(counts[2]).isBetween(9_600, 10_400);
  }

  @Property
  void pick_anyTwoScores_isTheHigher(
      @ForAll @Size(2) List<@DoubleRange(max = 1) Double> scores, @ForAll long seed) {
    double one = scores.get(0);
    double other = scores.get(1);
    int picked = pick(picker(Chance.seeded(seed)), Offers.scored(one, other));
    assertThat(scores.get(picked)).isEqualTo(Math.max(one, other));
  }

  @Test
  void pick_weights_areDrawnByThem() {
    int[] counts = counts(picker(), Offers.all(Offers.weights(6, 1, 1)), 40_000);
    // All score alike, so the first drawn wins.
    assertThat(counts[0]).isBetween(29_600, 30_400);
    assertThat(counts[1]).isBetween(4_700, 5_300);
  }

  private static Candidates warming(double... shares) {
    BackendView[] rows = new BackendView[shares.length];
    for (int i = 0; i < shares.length; i++) {
      rows[i] =
          BackendView.of(
              "s" + i, 0, 1, BackendSpec.UNLIMITED, Availability.UP, true, false, shares[i]);
    }
    return Offers.all(Snapshot.of(rows));
  }

  @Test
  void pick_oneWarming_getsItsShareExactly_othersTheRest() {
    int[] counts = counts(picker(), warming(1, 0.25, 1, 1), 13_000);
    assertThat(counts[1]).isBetween(999, 1_000);
    assertThat(counts[0]).isBetween(3_800, 4_200);
    assertThat(counts[3]).isBetween(3_800, 4_200);
  }

  @Test
  void pick_allWarmingAlike_shareAlike() {
    for (int count : counts(picker(), warming(0.1, 0.1, 0.1), 9_000)) {
      assertThat(count).isBetween(2_800, 3_200);
    }
  }

  @Test
  void pick_oneCandidate_drawsNothing() {
    Picker picker =
        picker(
            () -> {
              throw new AssertionError("drew for nothing");
            });
    assertThat(pick(picker, Offers.scored(0.2))).isZero();
  }
}
