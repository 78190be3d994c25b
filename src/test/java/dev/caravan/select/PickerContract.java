package dev.caravan.select;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.caravan.request.AnyRequest;
import dev.caravan.request.InferenceRequest;
import dev.caravan.testing.Together;
import dev.caravan.time.Chance;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntPredicate;
import org.junit.jupiter.api.Test;

/** What every picker must hold where servers are equal. Random choices are seeded. */
public abstract class PickerContract {
  protected final InferenceRequest request = AnyRequest.chat();
  private final AtomicInteger asked = new AtomicInteger();

  /** A new one. */
  protected abstract Picker picker(Chance chance);

  /** What is asked for, by its number: all alike, unless the picker goes by that. */
  protected InferenceRequest request(int number) {
    return request;
  }

  protected final Picker picker() {
    return picker(Chance.seeded(20_260_101));
  }

  /**
   * Picks once, checks that the answer is one of the candidates, and gives its place in the offer.
   */
  protected final int pick(Picker picker, Candidates candidates) {
    int position = picker.pick(request(asked.getAndIncrement()), candidates);
    assertThat(position).isBetween(0, candidates.size() - 1);
    return candidates.view(position).index();
  }

  /** The names of that many picks among everyone, one after the other. */
  protected final String sequence(Picker picker, Candidates candidates, int picks) {
    StringBuilder names = new StringBuilder();
    for (int i = 0; i < picks; i++) {
      names.append(candidates.view(picker.pick(request(i), candidates)).name());
    }
    return names.toString();
  }

  /** How often each place of the offer was picked. */
  protected final int[] counts(Picker picker, Candidates candidates, int picks) {
    int[] counts = new int[candidates.offered()];
    for (int i = 0; i < picks; i++) {
      counts[pick(picker, candidates)]++;
    }
    return counts;
  }

  private static void assertAlike(int[] counts, int picks, IntPredicate eligible) {
    int sharers = 0;
    for (int i = 0; i < counts.length; i++) {
      sharers += eligible.test(i) ? 1 : 0;
    }
    for (int i = 0; i < counts.length; i++) {
      if (eligible.test(i)) {
        // For fair coins 5 % is 4.3 standard deviations at 20,000 picks for 4 servers.
        assertThat((double) counts[i])
            .isCloseTo((double) picks / sharers, within(0.05 * picks / sharers));
      } else {
        assertThat(counts[i]).isZero();
      }
    }
  }

  @Test
  void pick_oneCandidate_isIt() {
    Picker picker = picker();
    Snapshot offer = Offers.alike(5);
    for (int i = 0; i < 100; i++) {
      int only = i % 5;
      assertThat(pick(picker, Offers.some(offer, index -> index == only))).isEqualTo(only);
    }
  }

  @Test
  void pick_anySubset_isAmongTheCandidates() {
    Picker picker = picker();
    Chance chance = Chance.seeded(5);
    Snapshot offer = Offers.weights(3, 1, 4, 1, 5, 9);
    for (int i = 0; i < 20_000; i++) {
      int mask = 1 + chance.below(63);
      assertThat(mask & 1 << pick(picker, Offers.some(offer, index -> (mask & 1 << index) != 0)))
          .isNotZero();
    }
  }

  @Test
  void pick_equalServers_shareAlike() {
    assertAlike(counts(picker(), Offers.all(Offers.alike(4)), 20_000), 20_000, index -> true);
  }

  @Test
  void pick_oneServerLost_survivorsShareAlike() {
    Picker picker = picker();
    Snapshot offer = Offers.alike(5);
    counts(picker, Offers.all(offer), 7);
    IntPredicate survivors = index -> index != 1;
    assertAlike(counts(picker, Offers.some(offer, survivors), 20_000), 20_000, survivors);
  }

  @Test
  void pick_oneServerComesAndGoes_othersShareAlike() {
    Picker picker = picker();
    Chance coin = Chance.seeded(11);
    Snapshot offer = Offers.alike(3);
    Candidates everyone = Offers.all(offer);
    Candidates twoOfThem = Offers.some(offer, index -> index < 2);
    int[] counts = new int[3];
    for (int i = 0; i < 30_000; i++) {
      counts[pick(picker, coin.below(2) == 0 ? everyone : twoOfThem)]++;
    }
    assertThat((double) counts[0]).isCloseTo(counts[1], within(0.05 * counts[1]));
    // Due a third of half the picks; at most all of those.
    assertThat(counts[2]).isBetween(4_500, 15_000);
  }

  @Test
  void pick_serverComesBack_getsNoBurst() {
    Picker picker = picker();
    Snapshot offer = Offers.alike(4);
    counts(picker, Offers.all(offer), 100);
    counts(picker, Offers.some(offer, index -> index != 2), 10_000);
    // A tenth of what it missed would be 250 in a row.
    assertThat(counts(picker, Offers.all(offer), 40)[2]).isBetween(1, 20);
  }

  @Test
  void pick_offerGrows_newcomerSharesAlike() {
    Picker picker = picker();
    counts(picker, Offers.all(Offers.alike(3)), 1_000);
    assertAlike(counts(picker, Offers.all(Offers.alike(4)), 20_000), 20_000, index -> true);
  }

  @Test
  void pick_offerShrinksToOne_isIt() {
    Picker picker = picker();
    for (int servers = 5; servers >= 1; servers--) {
      counts(picker, Offers.all(Offers.alike(servers)), 50);
    }
    assertThat(counts(picker, Offers.all(Offers.alike(1)), 10)).containsExactly(10);
  }

  @Test
  void pick_sixtyFourServers_everyoneIsPicked() {
    assertThat(counts(picker(), Offers.all(Offers.alike(64)), 6_400)).doesNotContain(0);
  }

  @Test
  void pick_fourThreads_shareAlike() {
    Picker picker = picker();
    Snapshot offer = Offers.alike(4);
    List<int[]> runs = Together.run(4, () -> counts(picker, Offers.all(offer), 10_000));
    int[] sum = new int[4];
    for (int[] run : runs) {
      for (int i = 0; i < 4; i++) {
        sum[i] += run[i];
      }
    }
    assertAlike(sum, 40_000, index -> true);
  }
}
