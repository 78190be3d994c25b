package dev.caravan.select.pick;

import dev.caravan.request.InferenceRequest;
import dev.caravan.select.BackendView;
import dev.caravan.select.Candidates;
import dev.caravan.select.Picker;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * Round robin: of the eligible servers, the one whose last turn is the longest ago. Scores do not
 * matter. Those that never had a turn come first, in the order of the offer. A server whose share
 * still grows has its turn when {@link SlowStart} says so.
 */
public final class Rotation implements Picker {

  /*
   * Why not a cursor
   * ----------------
   * "The next eligible one behind the cursor" gives the successor of a lost server its share on top
   * of its own: with b of a b c d lost, the cursor's four positions lead to a c c d, and c gets
   * half. "The cursor modulo the number of eligible ones" is fair while that number stands still,
   * but resonates when it does not: with c of a b c eligible at every other pick, the cursor
   * 0 1 2 3 4 5 reads, modulo 3 2 3 2 3 2, as 0 1 2 1 1 1, and b gets four of six.
   *
   * The longest-waiting rule needs no position. For a fixed set it is plain rotation, whatever came
   * before; a server that comes back gets one turn early, not a burst.
   *
   * Threads
   * -------
   * Turns only grow, so a server that was the longest waiting when the others were read still is if
   * its own turn is unchanged: the compare-and-set of that one turn is the whole pick. It takes
   * effect when the new turn's number is drawn.
   *
   * Overflow
   * --------
   * Turns are compared by difference, so they may pass Long.MAX_VALUE.
   */

  private static final VarHandle LAST_TURNS;

  static {
    try {
      LAST_TURNS =
          MethodHandles.lookup().findVarHandle(Rotation.class, "lastTurns", AtomicLongArray.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final long start;
  private final AtomicLong turns;
  private volatile AtomicLongArray lastTurns = new AtomicLongArray(0);
  private final SlowStart slowStart = new SlowStart(false);

  public Rotation() {
    this(0);
  }

  /**
   * A rotation that counts from somewhere else.
   *
   * @param start the number before that of the first turn
   */
  Rotation(long start) {
    this.start = start;
    this.turns = new AtomicLong(start);
  }

  @Override
  public int pick(InferenceRequest request, Candidates candidates) {
    AtomicLongArray last = lastTurns(candidates.offered());
    if (candidates.warming()) {
      return pickWarming(last, candidates);
    }
    return take(last, candidates, 0);
  }

  @Override
  public int peek(InferenceRequest request, Candidates candidates) {
    AtomicLongArray last = lastTurns(candidates.offered());
    double whole = 0;
    if (candidates.warming()) {
      whole = candidates.whole();
      int due = slowStart.peek(candidates, whole);
      if (due >= 0) {
        candidates.because(Rule.DUE, -1);
        return due;
      }
    }
    int longest = -1;
    long longestTurn = 0;
    for (int i = 0; i < candidates.size(); i++) {
      BackendView view = candidates.view(i);
      long turn = last.get(view.index());
      if (view.share() >= whole && (longest < 0 || turn - longestTurn < 0)) {
        longest = i;
        longestTurn = turn;
      }
    }
    candidates.because(Rule.TURN, -1);
    return longest;
  }

  private int pickWarming(AtomicLongArray last, Candidates candidates) {
    double whole = candidates.whole();
    int due = slowStart.due(candidates, whole);
    if (due >= 0) {
      BackendView view = candidates.view(due);
      slowStart.picked(view);
      // So that it is not the longest waiting when its share is whole.
      last.set(view.index(), turns.incrementAndGet());
      candidates.because(Rule.DUE, -1);
      return due;
    }
    return take(last, candidates, whole);
  }

  /** Gives the next turn to the longest waiting of those that have at least that share. */
  private int take(AtomicLongArray last, Candidates candidates, double share) {
    int size = candidates.size();
    while (true) {
      int longest = -1;
      long longestTurn = 0;
      for (int i = 0; i < size; i++) {
        BackendView view = candidates.view(i);
        long turn = last.get(view.index());
        if (view.share() >= share && (longest < 0 || turn - longestTurn < 0)) {
          longest = i;
          longestTurn = turn;
        }
      }
      int index = candidates.view(longest).index();
      if (last.compareAndSet(index, longestTurn, turns.incrementAndGet())) {
        candidates.because(Rule.TURN, -1);
        return longest;
      }
    }
  }

  /** Grows at the first pick, and where servers are found; who takes a position takes its turn. */
  private AtomicLongArray lastTurns(int offered) {
    AtomicLongArray last = lastTurns;
    while (last.length() < offered) {
      AtomicLongArray wider = new AtomicLongArray(offered);
      for (int i = 0; i < offered; i++) {
        wider.set(i, i < last.length() ? last.get(i) : start);
      }
      LAST_TURNS.compareAndSet(this, last, wider);
      last = lastTurns;
    }
    return last;
  }
}
