package dev.caravan.admission;

import dev.caravan.time.Ticker;
import java.util.Arrays;

/**
 * How much was spent in the last {@link RecentRequests#WINDOW_NANOS}. Not safe for several threads:
 * its owner has a lock.
 */
final class Spending {
  /** One slot more than the window has: what it counts is never less than what was spent in it. */
  private static final int SLOTS = RecentRequests.SLOTS + 1;

  private final int[] spent = new int[SLOTS];
  private final long originNanos;
  private long slot;
  private int total;

  Spending(Ticker ticker) {
    originNanos = ticker.nanos();
  }

  void add(long nanos) {
    roll(nanos);
    spent[(int) (slot % SLOTS)]++;
    total++;
  }

  /** What was added then was not needed. */
  void takeBack(long nanos) {
    long then = slotOf(nanos);
    int at = (int) (then % SLOTS);
    if (slot - then < SLOTS && spent[at] > 0) {
      spent[at]--;
      total--;
    }
  }

  /** Up to a slot's more than was spent in the window, never less. */
  int total(long nanos) {
    roll(nanos);
    return total;
  }

  private long slotOf(long nanos) {
    return Math.max(0, nanos - originNanos) / RecentRequests.SLOT_NANOS;
  }

  private void roll(long nanos) {
    long now = slotOf(nanos);
    if (now - slot >= SLOTS) {
      Arrays.fill(spent, 0);
      total = 0;
      slot = now;
    }
    while (slot < now) {
      slot++;
      int at = (int) (slot % SLOTS);
      total -= spent[at];
      spent[at] = 0;
    }
  }
}
