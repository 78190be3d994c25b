package dev.caravan.health;

import dev.caravan.time.Ticker;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;

/** A {@link Clock} that runs as a {@link Ticker} does, from 1970 on: for durations only. */
final class TickerClock extends Clock {
  private final Ticker ticker;
  private final long originNanos;

  TickerClock(Ticker ticker) {
    this.ticker = ticker;
    this.originNanos = ticker.nanos();
  }

  @Override
  public Instant instant() {
    return Instant.ofEpochSecond(0, ticker.nanos() - originNanos);
  }

  @Override
  public ZoneId getZone() {
    return ZoneOffset.UTC;
  }

  @Override
  public Clock withZone(ZoneId zone) {
    return this;
  }
}
