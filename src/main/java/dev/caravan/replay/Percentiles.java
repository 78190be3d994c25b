package dev.caravan.replay;

import java.util.Arrays;

/** Values in ascending order; a request that never got there has an infinite one. Immutable. */
public final class Percentiles {
  private final double[] sorted;

  /** Takes over an array that nobody else uses. */
  Percentiles(double[] values) {
    sorted = values;
    Arrays.sort(sorted);
  }

  /** How many there are. */
  public int count() {
    return sorted.length;
  }

  /**
   * The smallest value that has at least that share of all at or below it.
   *
   * @param share from 0 to 1
   */
  public double at(double share) {
    return sorted[Math.max(0, (int) Math.ceil(share * sorted.length) - 1)];
  }
}
