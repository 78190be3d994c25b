package dev.caravan.limit;

import java.util.concurrent.atomic.AtomicLongFieldUpdater;

/**
 * A token bucket that holds as much as a minute brings. What it brings is said at each call, so
 * that a changed limit finds the bucket as full as it was, in parts of the whole.
 *
 * <p>Safe for any thread: its state is one atomic number.
 */
final class TokenBucket {
  /* Design
   *
   * The state is one instant: when the bucket is full again. What is taken moves it away from now by
   * the time in which as much flows in; a bucket is empty when that instant is a minute away. This
   * is the "virtual scheduling" form of the Generic Cell Rate Algorithm (ITU-T I.371, 1993): the same
   * decisions as a bucket with a level and a time of its last filling, with one compare-and-set.
   *
   * More than there is can be charged, for tokens that are used cannot be taken back: the bucket is
   * then empty for longer than a minute, but for no longer than a day: one answer of which a server
   * says what cannot be must not shut a tenant out for years, nor sums of these run over.
   */

  static final long MINUTE_NANOS = 60_000_000_000L;

  /** The most that is taken at once, so that its time fits a long whatever the limit. */
  static final long MOST = 150_000_000;

  /** The longest that a bucket is empty for what was charged. */
  static final long MOST_DEBT_NANOS = 24 * 60 * MINUTE_NANOS;

  private static final AtomicLongFieldUpdater<TokenBucket> FULL =
      AtomicLongFieldUpdater.newUpdater(TokenBucket.class, "fullNanos");

  private volatile long fullNanos;

  /** What was taken, in nanoseconds. */
  private final Untold untold;

  /**
   * A full bucket.
   *
   * @param shared whether other gateways take from it too
   */
  TokenBucket(long nowNanos, boolean shared) {
    fullNanos = nowNanos;
    untold = new Untold(shared);
  }

  /**
   * The time in which {@code amount} flows in, in nanoseconds, rounded down: rounded up, a bucket
   * of seven would hold six.
   */
  static long nanosFor(long perMinute, long amount) {
    return Math.min(amount, MOST) * MINUTE_NANOS / perMinute;
  }

  /**
   * Takes what is there.
   *
   * @param costNanos what to take, as {@link #nanosFor}; at most a minute
   * @return 0 where it was taken; else the nanoseconds until it will be there, if nobody else takes
   */
  long take(long costNanos, long nowNanos) {
    while (true) {
      long before = fullNanos;
      long after = later(before, nowNanos) + costNanos;
      long wait = after - nowNanos - MINUTE_NANOS;
      if (wait > 0) {
        return wait;
      }
      if (FULL.compareAndSet(this, before, after)) {
        untold.add(costNanos);
        return 0;
      }
    }
  }

  /** Takes, or gives back where {@code costNanos} is negative, whatever is there. */
  void charge(long costNanos, long nowNanos) {
    untold.add(costNanos);
    if (costNanos <= 0) {
      // A bucket that is full meanwhile stays so: the instant then lies behind now.
      FULL.getAndAdd(this, costNanos);
      return;
    }
    while (true) {
      long before = fullNanos;
      long start = later(before, nowNanos);
      long after = start + Math.min(costNanos, MOST_DEBT_NANOS);
      if (after - nowNanos > MOST_DEBT_NANOS) {
        after = later(nowNanos + MOST_DEBT_NANOS, start);
      }
      if (FULL.compareAndSet(this, before, after)) {
        return;
      }
    }
  }

  // ---- what other gateways take

  /** What was taken here since the last call, in nanoseconds; less than 0 where it came back. */
  long tell() {
    return untold.take();
  }

  /**
   * By what all of them took, it is full in so long; what was taken here meanwhile is added. A take
   * between the two steps of this is missing until the next call, which knows of it.
   */
  void heard(long fullInNanos, long nowNanos) {
    fullNanos = nowNanos + fullInNanos + untold.get();
  }

  /** How much is there, from 0 to {@code perMinute}. */
  long remaining(long perMinute, long nowNanos) {
    long missing = Math.min(MINUTE_NANOS, fullInNanos(nowNanos));
    long there = MINUTE_NANOS - missing;
    return perMinute <= MOST
        ? there * perMinute / MINUTE_NANOS
        : (long) ((double) there * perMinute / MINUTE_NANOS);
  }

  /** The nanoseconds until it is full, if nobody takes from it. */
  long fullInNanos(long nowNanos) {
    return Math.max(0, fullNanos - nowNanos);
  }

  private static long later(long instant, long now) {
    return instant - now > 0 ? instant : now;
  }
}
