package dev.caravan.route;

import dev.caravan.time.Ticker;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/** Lets one message a second through and counts the rest. Safe for any thread. */
final class LogThrottle {
  private static final long INTERVAL_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final Ticker ticker;
  private final AtomicLong nextNanos;
  private final AtomicInteger suppressed = new AtomicInteger();

  LogThrottle(Ticker ticker) {
    this.ticker = ticker;
    this.nextNanos = new AtomicLong(ticker.nanos());
  }

  /** How many were held back since the last that went through, or -1 to hold this one back. */
  int enter() {
    long now = ticker.nanos();
    long next = nextNanos.get();
    if (now - next >= 0 && nextNanos.compareAndSet(next, now + INTERVAL_NANOS)) {
      return suppressed.getAndSet(0);
    }
    suppressed.incrementAndGet();
    return -1;
  }
}
