package dev.caravan.admission;

import dev.caravan.time.Ticker;
import io.netty.util.concurrent.EventExecutor;
import java.util.concurrent.TimeUnit;

/*
 * A loop that has more to do than it can gets later and later; one garbage collection, or one large
 * body, makes it late once. So what counts is the smaller of two measurements in a row: the delay
 * that stands, as in CoDel (Nichols and Jacobson, "Controlling queue delay", ACM Queue 2012), and
 * it is over only when both are below half of the limit.
 */

/**
 * Measures how late one event loop runs its tasks. Written by that loop; {@link #lagNanos} may be
 * read by any thread.
 */
public final class LoopWatch {
  /** From one measurement to the next; chosen without experiment. */
  static final long PERIOD_MILLIS = 100;

  private static final long PERIOD_NANOS = TimeUnit.MILLISECONDS.toNanos(PERIOD_MILLIS);

  private final Ticker ticker;
  private final long limitNanos;
  private volatile long dueNanos;
  private volatile long lagNanos;
  private long beforeNanos;
  private boolean lagging;

  /**
   * A watch that has measured nothing yet.
   *
   * @param limitMillis above this the loop lags; 0 for never
   */
  LoopWatch(Ticker ticker, long limitMillis) {
    this.ticker = ticker;
    this.limitNanos =
        limitMillis == 0 ? Long.MAX_VALUE : TimeUnit.MILLISECONDS.toNanos(limitMillis);
    this.dueNanos = ticker.nanos() + PERIOD_NANOS;
  }

  void start(EventExecutor loop) {
    next();
    loop.schedule(
        () -> {
          beat();
          start(loop);
        },
        PERIOD_MILLIS,
        TimeUnit.MILLISECONDS);
  }

  /** The loop has come to run what was due. */
  void beat() {
    long late = Math.max(0, ticker.nanos() - dueNanos);
    long standing = Math.min(late, beforeNanos);
    long recent = Math.max(late, beforeNanos);
    beforeNanos = late;
    lagNanos = late;
    lagging = lagging ? recent > limitNanos / 2 : standing > limitNanos;
  }

  /** Moves on to the next measurement. */
  void next() {
    dueNanos = ticker.nanos() + PERIOD_NANOS;
  }

  /** Whether it runs too late to take more. For its own loop. */
  public boolean lagging() {
    return lagging;
  }

  /** How late it was last, or is by now where it has not come since. */
  public long lagNanos() {
    return Math.max(lagNanos, ticker.nanos() - dueNanos);
  }
}
