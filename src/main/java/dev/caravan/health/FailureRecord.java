package dev.caravan.health;

import dev.caravan.fleet.Backend;
import dev.caravan.fleet.Lease;
import dev.caravan.time.LogThrottle;
import dev.caravan.time.Ticker;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;

/**
 * How the requests at one server have ended so far. Counts are safe for any thread; the rest is
 * guarded by {@link Outliers}.
 */
final class FailureRecord {
  final Backend backend;

  /** Tells once a minute that it should be out and is not. */
  final LogThrottle heldBackLog;

  /** Failed requests since the last good one. */
  final AtomicInteger inARow = new AtomicInteger();

  final LongAdder good = new LongAdder();
  final LongAdder bad = new LongAdder();

  // ---- guarded by the lock of Outliers

  /** Ejections that are not forgotten. */
  int ejections;

  /** Whether it was ever ejected. */
  boolean ejected;

  long ejectedUntilNanos;

  // ---- guarded by this

  /** Throttled answers without a time, one after the other. */
  private int unsaid;

  private long unsaidUntilNanos;
  private volatile boolean throttledUnsaid;

  FailureRecord(Backend backend, Ticker ticker) {
    this.backend = backend;
    this.heldBackLog = new LogThrottle(ticker, TimeUnit.MINUTES.toNanos(1));
  }

  /** A request went well. */
  void wentWell(Lease lease, Ticker ticker) {
    if (inARow.get() != 0) {
      inARow.set(0);
    }
    good.increment();
    if (throttledUnsaid) {
      hasRoom(ticker.nanos() - lease.durationNanos());
    }
  }

  /** It has taken a request since it throttled: a stream that began before says nothing of that. */
  private synchronized void hasRoom(long begunNanos) {
    if (begunNanos - unsaidUntilNanos >= 0) {
      unsaid = 0;
      throttledUnsaid = false;
    }
  }

  /**
   * It throttled and did not say for how long.
   *
   * @return how long to leave it alone, in milliseconds: the first time {@code firstMillis}, twice
   *     as long each further time, {@code mostMillis} at most; 0 where that runs already
   */
  synchronized long throttledUnsaid(long nowNanos, long firstMillis, long mostMillis) {
    if (throttledUnsaid && unsaidUntilNanos - nowNanos > 0) {
      // The answers of requests that were sent together with the first that met this.
      return 0;
    }
    long millis = Math.min(mostMillis, firstMillis << Math.min(unsaid, 16));
    unsaid++;
    unsaidUntilNanos = nowNanos + millis * 1_000_000;
    throttledUnsaid = true;
    return millis;
  }
}
