package dev.caravan.select.pick;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caravan.select.Candidates;
import dev.caravan.select.Offers;
import dev.caravan.select.Picker;
import dev.caravan.select.PickerContract;
import dev.caravan.select.Snapshot;
import dev.caravan.testing.Together;
import dev.caravan.time.Chance;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RotationTest extends PickerContract {

  @Override
  protected Picker picker(Chance chance) {
    return new Rotation();
  }

  @Test
  void pick_threeServers_rotatesInTheOrderOfTheOffer() {
    assertThat(sequence(picker(), Offers.all(Offers.alike(3)), 7)).isEqualTo("abcabca");
  }

  @Test
  void pick_weightsDiffer_doNotMatter() {
    assertThat(sequence(picker(), Offers.all(Offers.weights(9, 1, 4)), 6)).isEqualTo("abcabc");
  }

  @Test
  void pick_serverLostAndBack_successorGetsNoDoubleShare() {
    Picker picker = picker();
    Snapshot offer = Offers.alike(4);
    Candidates withoutB = Offers.some(offer, index -> index != 1);
    assertThat(sequence(picker, Offers.all(offer), 5)).isEqualTo("abcda");
    assertThat(sequence(picker, withoutB, 6)).isEqualTo("cdacda");
    assertThat(sequence(picker, Offers.all(offer), 8)).isEqualTo("bcdabcda");
  }

  @Test
  void pick_serverEligibleEveryOtherTime_doesNotResonate() {
    Picker picker = picker();
    Snapshot offer = Offers.alike(3);
    StringBuilder names = new StringBuilder();
    for (int i = 0; i < 12; i++) {
      boolean all = i % 2 == 0;
      names.append(sequence(picker, Offers.some(offer, index -> all || index < 2), 1));
    }
    // A cursor modulo the number of the eligible would give b eight of these twelve.
    assertThat(names).hasToString("abcabacbabca");
  }

  @ParameterizedTest
  @ValueSource(longs = {Integer.MAX_VALUE - 4L, (1L << 32) - 5, Long.MAX_VALUE - 4, -5})
  void pick_countPassesAnOverflow_rotationGoesOn(long start) {
    Picker picker = new Rotation(start);
    Candidates three = Offers.all(Offers.alike(3));
    assertThat(sequence(picker, three, 12)).isEqualTo("abcabcabcabc");
  }

  @Test
  void pick_threeThreads_sharesAreExact() {
    Picker picker = picker();
    Candidates three = Offers.all(Offers.alike(3));
    int[] sum = new int[3];
    Together.run(3, () -> counts(picker, three, 20_000))
        .forEach(
            run -> {
              for (int i = 0; i < 3; i++) {
                sum[i] += run[i];
              }
            });
    assertThat(sum).containsExactly(20_000, 20_000, 20_000);
  }
}
