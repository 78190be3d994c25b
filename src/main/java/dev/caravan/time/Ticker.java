package dev.caravan.time;

/**
 * A monotonic clock in nanoseconds, of arbitrary origin: only differences mean anything. Safe for
 * any thread.
 */
@FunctionalInterface
public interface Ticker {

  /** Nanoseconds since an arbitrary, fixed origin; may be negative, may overflow in 292 years. */
  long nanos();

  /** The machine's own monotonic clock. */
  static Ticker system() {
    return System::nanoTime;
  }
}
