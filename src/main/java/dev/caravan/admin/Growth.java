package dev.caravan.admin;

import org.jspecify.annotations.Nullable;

/**
 * How a sum has grown over the last samples. A sum that is smaller than before was begun anew, and
 * so is this. Not safe for threads.
 */
final class Growth {
  private final long[] sums;
  private final long[] times;
  private int size;
  private int last = -1;

  /**
   * Nothing is known yet.
   *
   * @param span how many samples back it looks, from 1
   */
  Growth(int span) {
    sums = new long[span + 1];
    times = new long[span + 1];
  }

  /** Takes the next sample. */
  void add(long sum, long nowNanos) {
    if (size > 0 && sum < sums[last]) {
      size = 0;
    }
    last = (last + 1) % sums.length;
    sums[last] = sum;
    times[last] = nowNanos;
    size = Math.min(size + 1, sums.length);
  }

  /** By how much it has grown; null before the second sample. */
  @Nullable Double delta() {
    return size < 2 ? null : Double.valueOf((double) (sums[last] - sums[first()]));
  }

  /** By how much it has grown in a second; null before the second sample. */
  @Nullable Double perSecond() {
    if (size < 2) {
      return null;
    }
    long nanos = times[last] - times[first()];
    return nanos <= 0 ? null : Double.valueOf((sums[last] - sums[first()]) * 1e9 / nanos);
  }

  private int first() {
    return Math.floorMod(last - size + 1, sums.length);
  }
}
