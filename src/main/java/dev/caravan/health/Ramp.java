package dev.caravan.health;

import dev.caravan.fleet.Share;
import dev.caravan.time.Ticker;

/** Slow start: a share that grows in a straight line from a tenth to the whole. Immutable. */
final class Ramp implements Share {
  /** Envoy's default; less would leave a small pool's server without any request for long. */
  private static final double FIRST = 0.1;

  private final Ticker ticker;
  private final long startNanos;
  private final long lengthNanos;

  /**
   * A ramp that begins now.
   *
   * @param lengthNanos from 1
   */
  Ramp(Ticker ticker, long lengthNanos) {
    this.ticker = ticker;
    this.startNanos = ticker.nanos();
    this.lengthNanos = lengthNanos;
  }

  @Override
  public double now() {
    double passed = (double) (ticker.nanos() - startNanos) / lengthNanos;
    return Math.min(1, FIRST + (1 - FIRST) * Math.max(0, passed));
  }
}
