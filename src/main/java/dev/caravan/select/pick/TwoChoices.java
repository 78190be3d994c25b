package dev.caravan.select.pick;

import dev.caravan.request.InferenceRequest;
import dev.caravan.select.Candidates;
import dev.caravan.select.Picker;
import dev.caravan.time.Chance;

/**
 * Of two that are drawn at random, the one with the higher score; of equals the first drawn. Nearly
 * as even as the best of all, and gateways that cannot see each other's picks do not all choose the
 * same one. Source: Mitzenmacher, "The power of two choices in randomized load balancing", IEEE
 * TPDS 12 (2001).
 *
 * <p>A server is drawn by its share of the traffic; its weight is the scorer's.
 */
public final class TwoChoices implements Picker {
  private final Chance chance;

  public TwoChoices(Chance chance) {
    this.chance = chance;
  }

  @Override
  public int pick(InferenceRequest request, Candidates candidates) {
    int size = candidates.size();
    if (size == 1) {
      candidates.because(Rule.BEST, 1);
      return 0;
    }
    int one = draw(candidates, -1);
    int other = draw(candidates, one);
    boolean second = candidates.score(other) > candidates.score(one);
    candidates.because(Rule.TWO, second ? one : other);
    return second ? other : one;
  }

  @Override
  public int peek(InferenceRequest request, Candidates candidates) {
    int size = candidates.size();
    if (size == 1) {
      candidates.because(Rule.BEST, 1);
      return 0;
    }
    // Of two both are drawn; which of them first, matters to equals alone.
    if (size == 2 && candidates.score(0) != candidates.score(1)) {
      int best = candidates.score(1) > candidates.score(0) ? 1 : 0;
      candidates.because(Rule.TWO, 1 - best);
      return best;
    }
    candidates.because(Rule.TWO, -1);
    return BY_LOT;
  }

  private int draw(Candidates candidates, int but) {
    int size = candidates.size();
    if (!candidates.warming()) {
      int drawn = chance.below(but < 0 ? size : size - 1);
      return but >= 0 && drawn >= but ? drawn + 1 : drawn;
    }
    double all = 0;
    for (int i = 0; i < size; i++) {
      all += i == but ? 0 : candidates.view(i).share();
    }
    double at = chance.unit() * all;
    int last = but;
    for (int i = 0; i < size; i++) {
      if (i != but) {
        last = i;
        at -= candidates.view(i).share();
        if (at < 0) {
          break;
        }
      }
    }
    return last;
  }
}
