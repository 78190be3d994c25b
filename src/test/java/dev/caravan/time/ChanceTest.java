package dev.caravan.time;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caravan.testing.Together;
import java.util.Collection;
import java.util.HashSet;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class ChanceTest {

  @Test
  void bits_publishedSeed_isSplitMix64() {
    // The first outputs for this seed as Rosetta Code's page on SplitMix64 lists them.
    Chance chance = Chance.seeded(1234567);
    assertThat(chance.bits()).isEqualTo(6457827717110365317L);
    assertThat(chance.bits()).isEqualTo(3203168211198807973L);
    assertThat(chance.bits()).isEqualTo(Long.parseUnsignedLong("9817491932198370423"));
  }

  @Test
  void seeded_sameSeed_sameSequence() {
    Chance one = Chance.seeded(7);
    Chance other = Chance.seeded(7);
    for (int i = 0; i < 1_000; i++) {
      assertThat(one.bits()).isEqualTo(other.bits());
    }
  }

  @Test
  void system_twice_sequencesDiffer() {
    assertThat(Chance.system().bits()).isNotEqualTo(Chance.system().bits());
  }

  @Property
  void below_anyBound_staysBelowIt(
      @ForAll long seed, @ForAll @IntRange(min = 1, max = Integer.MAX_VALUE) int bound) {
    assertThat(Chance.seeded(seed).below(bound)).isBetween(0, bound - 1);
  }

  @Test
  void below_extremeBits_staysInside() {
    Chance low = () -> 0;
    Chance high = () -> -1;
    for (int bound : new int[] {1, 2, 3, 1 << 30, Integer.MAX_VALUE}) {
      assertThat(low.below(bound)).isZero();
      assertThat(high.below(bound)).isEqualTo(bound - 1);
    }
  }

  @Test
  void below_sevenFaces_uniformByChiSquare() {
    Chance chance = Chance.seeded(42);
    int[] seen = new int[7];
    int draws = 70_000;
    for (int i = 0; i < draws; i++) {
      seen[chance.below(7)]++;
    }
    double chiSquare = 0;
    for (int count : seen) {
      chiSquare += Math.pow(count - draws / 7.0, 2) / (draws / 7.0);
    }
    // 22.46 is passed by chance once in 1,000 seeds, with 6 degrees of freedom.
    assertThat(chiSquare).isLessThan(22.46);
  }

  @Test
  void unit_extremeBits_isFromZeroToBelowOne() {
    assertThat(((Chance) () -> 0).unit()).isZero();
    assertThat(((Chance) () -> -1).unit()).isLessThan(1).isGreaterThan(0.9999);
  }

  @Test
  void bits_fourThreads_noDrawIsHandedOutTwice() {
    Chance chance = Chance.seeded(3);
    Set<Long> all =
        Together.run(
                4,
                () -> {
                  Set<Long> mine = new HashSet<>();
                  for (int i = 0; i < 10_000; i++) {
                    mine.add(chance.bits());
                  }
                  return mine;
                })
            .stream()
            .flatMap(Collection::stream)
            .collect(HashSet::new, Set::add, Set::addAll);
    assertThat(all).hasSize(40_000);
  }
}
