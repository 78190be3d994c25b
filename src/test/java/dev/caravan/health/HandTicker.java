package dev.caravan.health;

import dev.caravan.time.Ticker;
import java.util.concurrent.atomic.AtomicLong;

/** A ticker that stands still until a test moves it. */
public final class HandTicker implements Ticker {
  private final AtomicLong nanos =
      new AtomicLong(Long.MAX_VALUE - 1_000_000_000L); // overflows soon

  @Override
  public long nanos() {
    return nanos.get();
  }

  /** Moves it on. */
  public void pass(long millis) {
    nanos.addAndGet(millis * 1_000_000);
  }
}
