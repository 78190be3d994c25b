package dev.caravan.time;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/** Lets one message an interval through and counts the rest. Safe for any thread. */
public final class LogThrottle {
  private final Ticker ticker;
  private final long intervalNanos;
  private final AtomicLong nextNanos;
  private final AtomicInteger suppressed = new AtomicInteger();

  /** One message a second. */
  public LogThrottle(Ticker ticker) {
    this(ticker, TimeUnit.SECONDS.toNanos(1));
  }

  /** One message every so many nanoseconds, the first at once. */
  public LogThrottle(Ticker ticker, long intervalNanos) {
    this.ticker = ticker;
    this.intervalNanos = intervalNanos;
    this.nextNanos = new AtomicLong(ticker.nanos());
  }

  /** How many were held back since the last that went through, or -1 to hold this one back. */
  public int enter() {
    long now = ticker.nanos();
    long next = nextNanos.get();
    if (now - next >= 0 && nextNanos.compareAndSet(next, now + intervalNanos)) {
      return suppressed.getAndSet(0);
    }
    suppressed.incrementAndGet();
    return -1;
  }
}
