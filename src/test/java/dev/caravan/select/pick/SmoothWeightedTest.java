package dev.caravan.select.pick;

import static dev.caravan.select.pick.SmoothWeighted.WHOLE;
import static org.assertj.core.api.Assertions.assertThat;

import dev.caravan.select.Candidates;
import dev.caravan.select.Offers;
import dev.caravan.select.Picker;
import dev.caravan.select.PickerContract;
import dev.caravan.select.Snapshot;
import dev.caravan.testing.Together;
import dev.caravan.time.Chance;
import java.util.Arrays;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class SmoothWeightedTest extends PickerContract {

  @Override
  protected Picker picker(Chance chance) {
    return new SmoothWeighted();
  }

  @Test
  void pick_fiveOneOne_isNginxsSequence() {
    assertThat(sequence(picker(), Offers.all(Offers.weights(5, 1, 1)), 14))
        .isEqualTo("aabacaaaabacaa");
  }

  @Test
  void pick_fiveOneOne_pointsAreNginxsTable() {
    SmoothWeighted picker = new SmoothWeighted();
    Candidates three = Offers.all(Offers.weights(5, 1, 1));
    int[][] table = {
      {-2, 1, 1}, {-4, 2, 2}, {1, -4, 3}, {-1, -3, 4}, {4, -2, -2}, {2, -1, -1}, {0, 0, 0}
    };
    for (int[] row : table) {
      picker.pick(request, three);
      assertThat(picker.points())
          .containsExactly(Arrays.stream(row).mapToLong(p -> (long) p * WHOLE).toArray());
    }
  }

  @Test
  void pick_fiveToOne_sixtyPicksAreFiftyAndTen() {
    assertThat(counts(picker(), Offers.all(Offers.weights(5, 1)), 60)).containsExactly(50, 10);
  }

  @Test
  void pick_equalWeights_isRotation() {
    assertThat(sequence(picker(), Offers.all(Offers.alike(3)), 7)).isEqualTo("abcabca");
  }

  @Test
  void pick_heavyServerLost_othersKeepTheirRatio() {
    Picker picker = picker();
    Snapshot offer = Offers.weights(5, 2, 1);
    counts(picker, Offers.all(offer), 8);
    Candidates withoutHeavy = Offers.some(offer, index -> index != 0);
    assertThat(counts(picker, withoutHeavy, 300)).containsExactly(0, 200, 100);
  }

  @Test
  void pick_weightsChangedByAReload_newRatioHolds() {
    Picker picker = picker();
    counts(picker, Offers.all(Offers.weights(5, 1)), 601);
    int[] counts = counts(picker, Offers.all(Offers.weights(1, 1)), 1_000);
    // At most the points held over are still to be evened out: 5 of weight in 2 a pick.
    assertThat(counts[0]).isBetween(495, 505);
  }

  @Property(tries = 300)
  void pick_anyWeights_exactOverEveryCycle(
      @ForAll @Size(min = 1, max = 8) List<@IntRange(min = 1, max = 256) Integer> weights) {
    int[] plain = weights.stream().mapToInt(Integer::intValue).toArray();
    SmoothWeighted picker = new SmoothWeighted();
    Candidates all = Offers.all(Offers.weights(plain));
    int cycle = Arrays.stream(plain).sum();
    assertThat(counts(picker, all, cycle)).containsExactly(plain);
    assertThat(picker.points()).containsOnly(0);
    assertThat(counts(picker, all, cycle)).containsExactly(plain);
  }

  @Property(tries = 100)
  void pick_anyWeights_nobodyIsEverAWholeCycleAhead(
      @ForAll @Size(min = 2, max = 8) List<@IntRange(min = 1, max = 256) Integer> weights) {
    int[] plain = weights.stream().mapToInt(Integer::intValue).toArray();
    SmoothWeighted picker = new SmoothWeighted();
    Candidates all = Offers.all(Offers.weights(plain));
    int cycle = Arrays.stream(plain).sum();
    for (int i = 0; i < cycle; i++) {
      picker.pick(request, all);
      // Points are picks due minus picks had, in units of 1 / (cycle * WHOLE).
      assertThat(Arrays.stream(picker.points()).min().orElseThrow())
          .isGreaterThan((long) -cycle * WHOLE);
      assertThat(Arrays.stream(picker.points()).sum()).isZero();
    }
  }

  @Property(tries = 100)
  void pick_anySubsetsInAnyOrder_pointsStayBounded(
      @ForAll @Size(value = 5) List<@IntRange(min = 1, max = 256) Integer> weights,
      @ForAll long seed) {
    int[] plain = weights.stream().mapToInt(Integer::intValue).toArray();
    SmoothWeighted picker = new SmoothWeighted();
    Snapshot offer = Offers.weights(plain);
    Chance chance = Chance.seeded(seed);
    long bound = (long) WHOLE * plain.length * Arrays.stream(plain).sum();
    for (int i = 0; i < 3_000; i++) {
      int mask = 1 + chance.below(31);
      picker.pick(request, Offers.some(offer, index -> (mask & 1 << index) != 0));
      assertThat(Arrays.stream(picker.points()).sum()).isZero();
      assertThat(Arrays.stream(picker.points())).allMatch(points -> Math.abs(points) <= bound);
    }
  }

  @Test
  void pick_fourThreads_sharesAreExact() {
    Picker picker = picker();
    Candidates two = Offers.all(Offers.weights(5, 1));
    int[] sum = new int[2];
    for (int[] run : Together.run(4, () -> counts(picker, two, 15_000))) {
      sum[0] += run[0];
      sum[1] += run[1];
    }
    assertThat(sum).containsExactly(50_000, 10_000);
  }
}
