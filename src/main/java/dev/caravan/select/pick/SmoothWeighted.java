package dev.caravan.select.pick;

import dev.caravan.request.InferenceRequest;
import dev.caravan.select.BackendView;
import dev.caravan.select.Candidates;
import dev.caravan.select.Picker;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Smooth weighted round robin: each server gets its weight's share, exactly over every cycle of as
 * many picks as there is weight, and spread over the cycle. Scores do not matter. While its share
 * still grows, a server's weight is that much less.
 *
 * <p>Source: nginx, "Upstream: smooth weighted round-robin balancing", Maxim Dounin, 2012 ({@code
 * ngx_http_upstream_get_peer}).
 */
public final class SmoothWeighted implements Picker {

  /*
   * Every eligible server earns its weight at each pick; the richest wins, the first of them where
   * several are, and pays what all have earned together. Weights 5 1 1:
   *
   *   earned     wins   left
   *    5  1  1    a     -2  1  1
   *    3  2  2    a     -4  2  2
   *    1  3  3    b      1 -4  3
   *    6 -3  4    a     -1 -3  4
   *    4 -2  5    c      4 -2 -2
   *    9 -1 -1    a      2 -1 -1
   *    7  0  0    a      0  0  0
   *
   * Points are counted in shares of a 1024th, so that a server of weight 1 can have a tenth of its
   * weight; where all shares are whole, every number above is as many times as large and the
   * sequence the same.
   *
   * Points are only moved, so their sum is always 0. One who is not eligible neither earns nor
   * pays, and comes back with what it had.
   *
   * Limit
   * -----
   * What a winner pays depends on who else was eligible then. A server that comes and goes in step
   * with the picks shifts shares among the others: with equal weights, a and b always there and c
   * at every other pick, a wins 1/3, b 1/2 and c 1/6. Where it comes and goes at random that evens
   * out.
   *
   * Threads
   * -------
   * The points are an array that never changes once published; a pick makes the next and swaps it
   * in by compare-and-set, or starts over from what another pick has published. Every pick is thus
   * a step of the one sequence above.
   */

  /** The points of a weight of 1. */
  static final int WHOLE = 1024;

  private static final VarHandle POINTS;

  static {
    try {
      POINTS = MethodHandles.lookup().findVarHandle(SmoothWeighted.class, "points", long[].class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private volatile long[] points = new long[0];

  @Override
  public int pick(InferenceRequest request, Candidates candidates) {
    long[] next = null;
    while (true) {
      long[] now = points;
      next = copy(now, candidates.offered(), next);
      int winner = step(next, candidates);
      if (POINTS.compareAndSet(this, now, next)) {
        candidates.because(Rule.WEIGHT, -1);
        return winner;
      }
    }
  }

  @Override
  public int peek(InferenceRequest request, Candidates candidates) {
    candidates.because(Rule.WEIGHT, -1);
    return step(copy(points, candidates.offered(), null), candidates);
  }

  private static int step(long[] points, Candidates candidates) {
    int winner = 0;
    long most = Long.MIN_VALUE;
    long total = 0;
    int size = candidates.size();
    for (int i = 0; i < size; i++) {
      BackendView view = candidates.view(i);
      long weight = weight(view);
      long earned = points[view.index()] += weight;
      total += weight;
      if (earned > most) {
        winner = i;
        most = earned;
      }
    }
    points[candidates.view(winner).index()] -= total;
    return winner;
  }

  /** From 1, so that everyone is picked some time. */
  private static long weight(BackendView view) {
    double share = view.share();
    return view.weight() * (share >= 1 ? (long) WHOLE : Math.max(1, Math.round(share * WHOLE)));
  }

  /** A copy with room for everyone; takes the array of an attempt that was not published. */
  private static long[] copy(long[] from, int offered, long @Nullable [] unpublished) {
    int length = Math.max(from.length, offered);
    if (unpublished == null || unpublished.length != length) {
      return Arrays.copyOf(from, length);
    }
    System.arraycopy(from, 0, unpublished, 0, from.length);
    Arrays.fill(unpublished, from.length, length, 0);
    return unpublished;
  }

  /** The points as they stand, by position in the offer. */
  long[] points() {
    return points.clone();
  }
}
