package dev.caravan.select;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.api.Test;

class RendezvousTest {
  private static final int KEYS = 400_000;

  /** The first in order of each of many keys. */
  private static int[] firsts(String[] names, int... weights) {
    long[] digests = new long[names.length];
    for (int i = 0; i < names.length; i++) {
      digests[i] = Rendezvous.digest(names[i]);
    }
    Random random = new Random(5);
    int[] firsts = new int[KEYS];
    for (int key = 0; key < KEYS; key++) {
      long digest = random.nextLong();
      double best = Double.NEGATIVE_INFINITY;
      for (int i = 0; i < digests.length; i++) {
        double rank = Rendezvous.rank(digest, digests[i], weights[i]);
        if (rank > best) {
          best = rank;
          firsts[key] = i;
        }
      }
    }
    return firsts;
  }

  @Test
  void rank_manyKeys_eachServerIsFirstForItsWeightsShare() {
    int[] weights = {1, 2, 3, 4};
    int[] counts = new int[4];
    for (int first : firsts(new String[] {"gpu-a", "gpu-b", "gpu-c", "gpu-d"}, weights)) {
      counts[first]++;
    }
    for (int i = 0; i < 4; i++) {
      double share = KEYS * weights[i] / 10.0;
      assertThat((double) counts[i]).isCloseTo(share, within(0.02 * share));
    }
  }

  @Test
  void rank_serverLeaves_onlyItsOwnKeysMove() {
    int[] before = firsts(new String[] {"a", "b", "c", "d", "e"}, 1, 1, 1, 1, 1);
    int[] after = firsts(new String[] {"a", "b", "c", "d"}, 1, 1, 1, 1);
    int moved = 0;
    for (int key = 0; key < KEYS; key++) {
      if (before[key] == 4) {
        moved++;
      } else {
        assertThat(after[key]).isEqualTo(before[key]);
      }
    }
    assertThat(moved / (double) KEYS).isCloseTo(0.2, within(0.004));
  }

  @Test
  void rank_serverGetsMoreWeight_keysMoveToItOnly() {
    int[] before = firsts(new String[] {"a", "b", "c"}, 1, 1, 1);
    int[] after = firsts(new String[] {"a", "b", "c"}, 1, 1, 2);
    for (int key = 0; key < KEYS; key++) {
      if (after[key] != before[key]) {
        assertThat(after[key]).isEqualTo(2);
      }
    }
  }

  @Test
  void digest_namesAlike_areFarApart() {
    int[] counts = new int[16];
    String[] names = new String[16];
    int[] weights = new int[16];
    for (int i = 0; i < 16; i++) {
      names[i] = "server-" + i;
      weights[i] = 1;
    }
    for (int first : firsts(names, weights)) {
      counts[first]++;
    }
    for (int count : counts) {
      assertThat((double) count).isCloseTo(KEYS / 16.0, within(0.03 * KEYS / 16));
    }
  }
}
