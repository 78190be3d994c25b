package dev.caravan.time;

/**
 * The calendar's clock, for timestamps that people read; never for durations. Safe for any thread.
 */
@FunctionalInterface
public interface WallClock {

  /** Milliseconds since 1970-01-01T00:00Z. */
  long epochMillis();

  /** The machine's own clock. */
  static WallClock system() {
    return System::currentTimeMillis;
  }
}
