package dev.caravan.select;

import dev.caravan.fleet.Availability;
import dev.caravan.fleet.BackendSpec;
import java.util.Arrays;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

/** Offers of servers made of plain values. */
public final class Offers {

  private Offers() {}

  /** A server with nothing against it. */
  public static BackendView server(String name, int inflight, int weight) {
    return BackendView.of(
        name, inflight, weight, BackendSpec.UNLIMITED, Availability.UP, true, false);
  }

  /** Idle servers a, b, c … of these weights. */
  public static Snapshot weights(int... weights) {
    return Snapshot.of(
        IntStream.range(0, weights.length)
            .mapToObj(i -> server(Character.toString('a' + i), 0, weights[i]))
            .toList());
  }

  /** That many idle servers of weight 1. */
  public static Snapshot alike(int servers) {
    int[] ones = new int[servers];
    Arrays.fill(ones, 1);
    return weights(ones);
  }

  /** Everyone of the snapshot as a candidate, all with score 1. */
  public static Candidates all(Snapshot snapshot) {
    return some(snapshot, index -> true);
  }

  /** Those of the snapshot whose position is eligible, all with score 1. */
  public static Candidates some(Snapshot snapshot, IntPredicate eligible) {
    Candidates candidates = new Candidates();
    candidates.clear(snapshot.size());
    for (int i = 0; i < snapshot.size(); i++) {
      if (eligible.test(i)) {
        candidates.add(snapshot.view(i), 1);
      }
    }
    return candidates;
  }

  /** Idle servers of weight 1 with these scores. */
  public static Candidates scored(double... scores) {
    Snapshot snapshot = alike(scores.length);
    Candidates candidates = new Candidates();
    candidates.clear(scores.length);
    for (int i = 0; i < scores.length; i++) {
      candidates.add(snapshot.view(i), scores[i]);
    }
    return candidates;
  }
}
