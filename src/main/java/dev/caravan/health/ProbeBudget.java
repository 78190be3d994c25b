package dev.caravan.health;

import dev.caravan.time.LogThrottle;
import dev.caravan.time.Ticker;
import java.util.concurrent.TimeUnit;

/**
 * How many prompts a server may be sent for the sake of health: a token bucket that fills evenly
 * over each hour. It holds a tenth of an hour's prompts, so that no hour has more than a tenth over
 * the budget. Safe for any thread.
 */
public final class ProbeBudget {
  private static final long HOUR_NANOS = TimeUnit.HOURS.toNanos(1);

  /** A smaller bucket would run dry by the periods' jitter alone. */
  private static final int SMALLEST = 10;

  /** How far a prompt that is asked for may go below nothing: a server proves itself with these. */
  private static final int OVERDRAFT = 10;

  private final int hourly;
  private final Ticker ticker;
  private final double most;
  private double left;
  private long atNanos;
  private final LogThrottle log;

  /**
   * A full bucket.
   *
   * @param hourly prompts an hour, from 1
   */
  public ProbeBudget(int hourly, Ticker ticker) {
    this.hourly = hourly;
    this.ticker = ticker;
    this.most = Math.max(SMALLEST, hourly / 10.0);
    this.left = most;
    this.atNanos = ticker.nanos();
    this.log = new LogThrottle(ticker, HOUR_NANOS);
  }

  /**
   * Takes one prompt.
   *
   * @param asked whether health wants to know, out of turn
   * @return whether it may be sent
   */
  public synchronized boolean spend(boolean asked) {
    long now = ticker.nanos();
    left = Math.min(most, left + (now - atNanos) * ((double) hourly / HOUR_NANOS));
    atNanos = now;
    if (left - 1 < (asked ? -OVERDRAFT : 0)) {
      return false;
    }
    left--;
    return true;
  }

  /** Whether the log is to be told that it is spent: once an hour. */
  public boolean say() {
    return log.enter() >= 0;
  }

  /** Prompts an hour. */
  public int hourly() {
    return hourly;
  }
}
