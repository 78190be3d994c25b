package dev.caravan.select.pick;

import dev.caravan.request.InferenceRequest;
import dev.caravan.select.BackendView;
import dev.caravan.select.Candidates;
import dev.caravan.select.Picker;
import dev.caravan.time.Chance;

/**
 * The highest score wins. Ties are broken at random, never by position, so that equal servers share
 * alike and gateways that start together do not all begin with the first.
 *
 * <p>One pass: the k-th server of a tie replaces the one held with probability 1/k, which leaves
 * each of k with 1/k. Source: reservoir sampling with a reservoir of one, Vitter, "Random sampling
 * with a reservoir", ACM TOMS 11 (1985), algorithm R.
 *
 * <p>A server whose share still grows takes part when {@link SlowStart} says so, and then wins
 * unless another has a higher score: idle or not, it gets no more than it is due, and less where it
 * is slow.
 */
public final class BestScore implements Picker {
  private final Chance chance;
  private final SlowStart slowStart = new SlowStart(true);

  public BestScore(Chance chance) {
    this.chance = chance;
  }

  @Override
  public int pick(InferenceRequest request, Candidates candidates) {
    if (candidates.warming()) {
      return pickWarming(candidates);
    }
    int best = 0;
    double bestScore = candidates.score(0);
    int ties = 1;
    int size = candidates.size();
    for (int i = 1; i < size; i++) {
      double score = candidates.score(i);
      if (score > bestScore) {
        best = i;
        bestScore = score;
        ties = 1;
      } else if (score == bestScore && chance.below(++ties) == 0) {
        best = i;
      }
    }
    candidates.because(ties == 1 ? Rule.BEST : Rule.LOT, ties);
    return best;
  }

  @Override
  public int peek(InferenceRequest request, Candidates candidates) {
    boolean warming = candidates.warming();
    double whole = warming ? candidates.whole() : 0;
    int best = -1;
    int ties = 0;
    for (int i = 0; i < candidates.size(); i++) {
      if (candidates.view(i).share() < whole) {
        continue;
      }
      if (best < 0 || candidates.score(i) > candidates.score(best)) {
        best = i;
        ties = 1;
      } else if (candidates.score(i) == candidates.score(best)) {
        ties++;
      }
    }
    int due = warming ? slowStart.peek(candidates, whole) : -1;
    if (due >= 0 && candidates.score(due) >= candidates.score(best)) {
      candidates.because(Rule.DUE, -1);
      return due;
    }
    candidates.because(ties == 1 ? Rule.BEST : Rule.LOT, ties);
    return ties == 1 ? best : BY_LOT;
  }

  private int pickWarming(Candidates candidates) {
    double whole = candidates.whole();
    int best = -1;
    double bestScore = -1;
    int ties = 0;
    for (int i = 0; i < candidates.size(); i++) {
      if (candidates.view(i).share() < whole) {
        continue;
      }
      double score = candidates.score(i);
      if (score > bestScore) {
        best = i;
        bestScore = score;
        ties = 1;
      } else if (score == bestScore && chance.below(++ties) == 0) {
        best = i;
      }
    }
    int due = slowStart.due(candidates, whole);
    if (due >= 0 && candidates.score(due) >= bestScore) {
      BackendView view = candidates.view(due);
      slowStart.picked(view);
      candidates.because(Rule.DUE, -1);
      return due;
    }
    candidates.because(ties == 1 ? Rule.BEST : Rule.LOT, ties);
    return best;
  }
}
