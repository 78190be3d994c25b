package dev.caravan.admission;

import dev.caravan.time.Ticker;
import java.util.concurrent.TimeUnit;

/*
 * What a collection left of the heap is an old truth: a gateway that takes nothing more allocates
 * little, so the next collection may be long in coming, and it would stay shut for good though what
 * filled the heap is garbage by now. So a number that has not moved for ten seconds is not believed
 * any more. If it was right after all, the next collection says so within moments.
 */

/** Judges memory. {@link #look} is for one thread, the rest for any. */
final class MemoryWatch {
  /** How long the number of one collection is believed; chosen without experiment. */
  private static final long STALE_NANOS = TimeUnit.SECONDS.toNanos(10);

  /** It is enough again when this much less than the limit is in use; chosen without experiment. */
  private static final double MARGIN = 0.1;

  private final Memory memory;
  private final Ticker ticker;
  private final double limit;
  private boolean directShort;
  private boolean heapShort;
  private double heapSeen = -1;
  private long heapSeenNanos;
  private volatile double used;
  private volatile boolean isShort;

  /**
   * A watch that has seen nothing yet.
   *
   * @param limit the share that may be in use; 0 for any
   */
  MemoryWatch(Memory memory, Ticker ticker, double limit) {
    this.memory = memory;
    this.ticker = ticker;
    this.limit = limit;
  }

  void look() {
    if (limit == 0) {
      return;
    }
    double direct = memory.direct();
    directShort = above(direct, directShort);
    double heap = memory.heap();
    long now = ticker.nanos();
    if (heap != heapSeen) {
      heapSeen = heap;
      heapSeenNanos = now;
      heapShort = above(heap, heapShort);
    } else if (now - heapSeenNanos >= STALE_NANOS) {
      heapShort = false;
    }
    used = Math.max(direct, heap);
    isShort = directShort || heapShort;
  }

  private boolean above(double share, boolean before) {
    return share > (before ? limit - MARGIN : limit);
  }

  /** Whether there is too little left to take more. */
  boolean isShort() {
    return isShort;
  }

  /** The share of that memory of which most is used, as seen last. */
  double used() {
    return used;
  }
}
