package dev.caravan.admission;

/*
 * What is counted is turns while somebody waits: then every place is taken, and a turn is had when
 * a place is free, whatever makes it so - the end of an answer, a server that is back, a higher
 * limit. Both numbers fade, so that an hour ago says little of now.
 */

/** How fast a queue gets shorter. Guarded by the queue. */
final class DrainRate {
  /** Time over which what was seen fades by a factor of e: a few answers. */
  private static final double FADE_NANOS = 30e9;

  /** Turns from which on a request may be refused by what the rate foretells. */
  private static final double EVIDENCE = 4;

  private double turns;
  private double nanos;
  private long sinceNanos;
  private boolean running;

  /** Somebody waits. */
  void begin(long now) {
    running = true;
    sinceNanos = now;
  }

  /** Nobody waits any more. */
  void end(long now) {
    pass(now);
    running = false;
  }

  /** One has had its turn. */
  void turn(long now) {
    pass(now);
    turns++;
  }

  /** The turn that was had last was in vain. */
  void takeBack() {
    turns = Math.max(0, turns - 1);
  }

  private void pass(long now) {
    if (!running) {
      return;
    }
    double passed = Math.max(0, now - sinceNanos);
    sinceNanos = now;
    double kept = Math.exp(-passed / FADE_NANOS);
    turns *= kept;
    nanos = nanos * kept + FADE_NANOS * (1 - kept);
  }

  /** Whether enough was seen to refuse somebody by it. */
  boolean known() {
    return turns >= EVIDENCE;
  }

  /**
   * How long one waits before whom so many have their turns, in milliseconds from 1; -1 where
   * nothing was seen yet.
   */
  long waitMillis(int before, long now) {
    pass(now);
    if (turns <= 0 || nanos <= 0) {
      return -1;
    }
    return (long) Math.max(1, (before + 1) * (nanos / turns) / 1e6);
  }
}
