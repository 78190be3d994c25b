package dev.caravan.admission;

import dev.caravan.time.Ticker;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicIntegerArray;

/*
 * Buckets whose bounds grow by an eighth of a power of two: the answer is at most an eighth above
 * the truth, and never below it, whatever the scale. Two windows of 30 s: the answer is of the last
 * 30 to 60 s, so that a pool that has become slow does not hedge by what it was in the morning.
 */

/**
 * The recent times to the first token of one pool's streams, as far as their 95th percentile goes.
 * Safe for any thread; recording takes no lock but twice a minute.
 */
public final class FirstTokenTimes {
  private static final long WINDOW_NANOS = TimeUnit.SECONDS.toNanos(30);

  /** Below, one slow answer would be the percentile: of 20, the 19th is. */
  static final int MIN_SAMPLES = 20;

  /** How old a percentile may be; counting it out takes a microsecond. */
  private static final long FRESH_NANOS = TimeUnit.MILLISECONDS.toNanos(250);

  /** Eighths of powers of two, up to 2^40 microseconds. */
  private static final int BUCKETS = 41 * 8;

  private final Ticker ticker;
  private volatile AtomicIntegerArray current = new AtomicIntegerArray(BUCKETS);
  private AtomicIntegerArray before = new AtomicIntegerArray(BUCKETS);
  private volatile long windowEndNanos;
  private volatile Percentile last;

  /** The percentile as it was at a time; -1 nanoseconds where too little is known. */
  private record Percentile(long nanos, long atNanos) {}

  public FirstTokenTimes(Ticker ticker) {
    this.ticker = ticker;
    long now = ticker.nanos();
    windowEndNanos = now + WINDOW_NANOS;
    last = new Percentile(-1, now - FRESH_NANOS);
  }

  /** A first token came after so long, or after longer. */
  public void record(long nanos) {
    long now = ticker.nanos();
    if (now - windowEndNanos >= 0) {
      rotate(now);
    }
    current.getAndIncrement(bucket(TimeUnit.NANOSECONDS.toMicros(nanos)));
  }

  /** What 95 of 100 stay below, in nanoseconds; -1 where less than 20 are known. */
  public long p95Nanos() {
    long now = ticker.nanos();
    Percentile known = last;
    if (known.nanos() >= 0 && now - known.atNanos() < FRESH_NANOS) {
      return known.nanos();
    }
    if (now - windowEndNanos >= 0) {
      rotate(now);
    }
    long counted = count();
    last = new Percentile(counted, now);
    return counted;
  }

  private synchronized void rotate(long now) {
    long late = now - windowEndNanos;
    if (late < 0) {
      return; // another thread was first
    }
    before = late < WINDOW_NANOS ? current : new AtomicIntegerArray(BUCKETS);
    current = new AtomicIntegerArray(BUCKETS);
    windowEndNanos = now + WINDOW_NANOS;
  }

  private synchronized long count() {
    AtomicIntegerArray now = current;
    long all = 0;
    for (int i = 0; i < BUCKETS; i++) {
      all += now.get(i) + before.get(i);
    }
    if (all < MIN_SAMPLES) {
      return -1;
    }
    long below = (all * 95 + 99) / 100;
    long sofar = 0;
    int bucket = -1;
    while (sofar < below && bucket < BUCKETS - 1) {
      bucket++;
      sofar += now.get(bucket) + before.get(bucket);
    }
    return TimeUnit.MICROSECONDS.toNanos(end(bucket));
  }

  static int bucket(long micros) {
    if (micros < 8) {
      return (int) Math.max(0, micros);
    }
    int exponent = 63 - Long.numberOfLeadingZeros(micros);
    int eighth = (int) (micros >>> (exponent - 3)) & 7;
    return Math.min(BUCKETS - 1, (exponent - 2) * 8 + eighth);
  }

  /** The smallest number of microseconds above a bucket. */
  static long end(int bucket) {
    if (bucket < 8) {
      return bucket + 1L;
    }
    int exponent = bucket / 8 + 2;
    return (9L + bucket % 8) << (exponent - 3);
  }
}
