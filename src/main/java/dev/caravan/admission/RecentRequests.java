package dev.caravan.admission;

import dev.caravan.time.Ticker;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;

/*
 * A request costs one look at the clock that it has read anyway and one striped addition. The sum
 * is read once a slot, by whoever comes first in it, so that no timer is needed: slots in which
 * nobody came all begin with the same sum.
 */

/**
 * How many requests came in the last {@link #WINDOW_NANOS}. Safe for any thread; {@link #arrived}
 * takes a lock twice a second at most.
 */
public final class RecentRequests {
  /** Fine enough that what falls out at once is an eighth of the window. */
  static final long SLOT_NANOS = TimeUnit.MILLISECONDS.toNanos(500);

  static final int SLOTS = 8;

  /*
   * Shorter than RetryBudget.PATIENCE_NANOS, so that a retry that finds the budget spent by a burst
   * is still in the line when the burst falls out of the window.
   */
  /** What is recent: 4 s. */
  public static final long WINDOW_NANOS = SLOT_NANOS * SLOTS;

  private final LongAdder arrived = new LongAdder();
  private final long[] before = new long[SLOTS];
  private int slot;
  private volatile long slotEndNanos;

  public RecentRequests(Ticker ticker) {
    slotEndNanos = ticker.nanos() + SLOT_NANOS;
  }

  /**
   * A request is here.
   *
   * @param nanos now, or a moment ago, on the ticker's scale
   */
  public void arrived(long nanos) {
    if (nanos - slotEndNanos >= 0) {
      roll(nanos);
    }
    arrived.increment();
  }

  /** How many came in the window; up to a slot's fewer, never more. */
  public synchronized long count(long nanos) {
    if (nanos - slotEndNanos >= 0) {
      roll(nanos);
    }
    return arrived.sum() - before[(slot + 1) % SLOTS];
  }

  private synchronized void roll(long nanos) {
    long late = nanos - slotEndNanos;
    if (late < 0) {
      return; // another thread was first
    }
    long slots = late / SLOT_NANOS + 1;
    long sum = arrived.sum();
    if (slots >= SLOTS) {
      Arrays.fill(before, sum);
    } else {
      for (long i = 0; i < slots; i++) {
        slot = (slot + 1) % SLOTS;
        before[slot] = sum;
      }
    }
    slotEndNanos += slots * SLOT_NANOS;
  }
}
