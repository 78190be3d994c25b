package dev.caravan.select;

import java.util.Arrays;

/**
 * Which servers of one {@code loadBalance} step have had this request already, by position in the
 * offer. Immutable: the first attempt of every request shares {@link #NONE}, and only a retry makes
 * a new one.
 */
public final class Tried {

  /** Nobody yet. */
  public static final Tried NONE = new Tried(0, new long[0]);

  private final long first;
  // Positions from 64, 64 a word; no word where nobody beyond the first 64 was tried.
  private final long[] beyond;

  private Tried(long first, long[] beyond) {
    this.first = first;
    this.beyond = beyond;
  }

  /**
   * These and one more.
   *
   * @param index position in the offer, from 0
   */
  public Tried and(int index) {
    if (index < 0) {
      throw new IndexOutOfBoundsException("position " + index);
    }
    if (index < Long.SIZE) {
      return new Tried(first | 1L << index, beyond);
    }
    int word = index / Long.SIZE - 1;
    long[] more = Arrays.copyOf(beyond, Math.max(beyond.length, word + 1));
    more[word] |= 1L << index; // the shift takes the low six bits
    return new Tried(first, more);
  }

  /** Whether the server at that position was tried. */
  public boolean contains(int index) {
    if (index < Long.SIZE) {
      return (first & 1L << index) != 0;
    }
    int word = index / Long.SIZE - 1;
    return word < beyond.length && (beyond[word] & 1L << index) != 0;
  }

  /** How many were tried. */
  public int count() {
    int count = Long.bitCount(first);
    for (long word : beyond) {
      count += Long.bitCount(word);
    }
    return count;
  }

  /** The positions, as {@code {0, 2}}. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder("{");
    for (int i = 0; i < Long.SIZE * (beyond.length + 1); i++) {
      if (contains(i)) {
        text.append(text.length() == 1 ? "" : ", ").append(i);
      }
    }
    return text.append('}').toString();
  }
}
