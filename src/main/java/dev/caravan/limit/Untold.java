package dev.caravan.limit;

import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * What was used here and the other gateways do not know of yet; nothing where there are no others.
 * Safe for any thread.
 */
final class Untold {
  private final @Nullable AtomicLong sum;

  /**
   * Nothing was used yet.
   *
   * @param shared whether there are others
   */
  Untold(boolean shared) {
    sum = shared ? new AtomicLong() : null;
  }

  void add(long used) {
    if (sum != null) {
      sum.addAndGet(used);
    }
  }

  long get() {
    return sum == null ? 0 : sum.get();
  }

  /** All of it, which counts as told from now on. */
  long take() {
    return sum == null ? 0 : sum.getAndSet(0);
  }
}
