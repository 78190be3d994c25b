package dev.caravan.select.pick;

import dev.caravan.request.InferenceRequest;
import dev.caravan.select.BackendView;
import dev.caravan.select.Candidates;
import dev.caravan.select.Picker;
import dev.caravan.time.Chance;

/**
 * Of two that are drawn at random, the one with the higher score; of equals the first drawn. Nearly
 * as even as the best of all, and gateways that cannot see each other's picks do not all choose the
 * same one. Source: Mitzenmacher, "The power of two choices in randomized load balancing", IEEE
 * TPDS 12 (2001).
 *
 * <p>A server is drawn as often as its weight says: drawn alike, a heavy one among n would be among
 * the two in 2/n of the picks only, and could get no more. While its share grows it is not drawn,
 * but takes part when {@link SlowStart} says so, as in {@link BestScore}.
 */
public final class TwoChoices implements Picker {
  private final Chance chance;
  private final SlowStart slowStart = new SlowStart(true);

  public TwoChoices(Chance chance) {
    this.chance = chance;
  }

  @Override
  public int pick(InferenceRequest request, Candidates candidates) {
    if (candidates.size() == 1) {
      candidates.because(Rule.BEST, 1);
      return 0;
    }
    if (!candidates.warming()) {
      return better(candidates, 0);
    }
    double whole = candidates.whole();
    int best = better(candidates, whole);
    int due = slowStart.due(candidates, whole);
    if (due >= 0 && candidates.score(due) >= candidates.score(best)) {
      slowStart.picked(candidates.view(due));
      candidates.because(Rule.DUE, -1);
      return due;
    }
    return best;
  }

  @Override
  public int peek(InferenceRequest request, Candidates candidates) {
    boolean warming = candidates.warming();
    double whole = warming ? candidates.whole() : 0;
    int drawable = 0;
    int best = -1;
    int other = -1;
    for (int i = 0; i < candidates.size(); i++) {
      if (candidates.view(i).share() < whole) {
        continue;
      }
      drawable++;
      if (best < 0 || candidates.score(i) > candidates.score(best)) {
        other = best;
        best = i;
      } else {
        other = i;
      }
    }
    int due = warming ? slowStart.peek(candidates, whole) : -1;
    if (due >= 0 && candidates.score(due) >= candidates.score(best)) {
      candidates.because(Rule.DUE, -1);
      return due;
    }
    // Of two both are drawn; which of them first, matters to equals alone.
    boolean certain =
        drawable == 1 || (drawable == 2 && candidates.score(best) != candidates.score(other));
    if (!certain || (due >= 0 && drawable > 2)) {
      candidates.because(Rule.TWO, -1);
      return BY_LOT;
    }
    candidates.because(drawable == 1 ? Rule.BEST : Rule.TWO, drawable == 1 ? 1 : other);
    return best;
  }

  /** The better of two who have at least that share; the only one where there is no other. */
  private int better(Candidates candidates, double share) {
    int weights = 0;
    for (int i = 0; i < candidates.size(); i++) {
      BackendView view = candidates.view(i);
      weights += view.share() >= share ? view.weight() : 0;
    }
    int one = draw(candidates, share, weights, -1);
    weights -= candidates.view(one).weight();
    if (weights == 0) {
      candidates.because(Rule.BEST, 1);
      return one;
    }
    int other = draw(candidates, share, weights, one);
    boolean second = candidates.score(other) > candidates.score(one);
    candidates.because(Rule.TWO, second ? one : other);
    return second ? other : one;
  }

  /** One of those of that share, but not that one; all their weights come to that. */
  private int draw(Candidates candidates, double share, int weights, int but) {
    int left = chance.below(weights);
    int drawn = -1;
    for (int i = 0; left >= 0; i++) {
      BackendView view = candidates.view(i);
      if (i != but && view.share() >= share) {
        left -= view.weight();
        drawn = i;
      }
    }
    return drawn;
  }
}
