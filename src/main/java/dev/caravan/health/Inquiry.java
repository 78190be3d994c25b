package dev.caravan.health;

import dev.caravan.time.Scheduler;
import org.jspecify.annotations.Nullable;

/**
 * How health asks for news of one server out of turn: a prompt probe, a check of its cheap
 * endpoint, or, where it has neither, a request. Everything is scheduled, never run by the caller.
 * Guarded by whoever owns it.
 */
final class Inquiry {
  /** How often the cheap endpoint of a server is asked that is down. */
  private static final long CHECK_MILLIS = 1_000;

  /** When a server that nobody can ask is tried with a request. */
  private static final long BLIND_MILLIS = 5_000;

  private final Scheduler scheduler;
  private final Runnable tick;
  private @Nullable Prober prober;
  private @Nullable Runnable pulse;
  private @Nullable Runnable cancelTick;
  private boolean ended;

  /**
   * Nobody can be asked yet.
   *
   * @param tick run, without any lock, when a server that is watched should be asked again
   */
  Inquiry(Scheduler scheduler, Runnable tick) {
    this.scheduler = scheduler;
    this.tick = tick;
  }

  @Nullable Prober prober() {
    return prober;
  }

  void prober(@Nullable Prober now) {
    prober = now;
  }

  void pulse(@Nullable Runnable now) {
    pulse = now;
  }

  /** Whether prompts tell how it is. */
  boolean probed() {
    return prober != null;
  }

  /** Whether it has a cheap endpoint that is asked. */
  boolean pulsed() {
    return pulse != null;
  }

  /** Whether nothing but a request can tell how it is. */
  boolean blind() {
    return prober == null && pulse == null;
  }

  /** Has a probe begin at once, unless one runs. */
  void probe() {
    Prober now = prober;
    if (now != null) {
      scheduler.schedule(now, 0);
    }
  }

  /** Has the cheap endpoint asked at once. */
  void check() {
    Runnable now = pulse;
    if (now != null) {
      scheduler.schedule(now, 0);
    }
  }

  /** Runs the tick every so often until {@link #rest}. */
  void watch() {
    if (cancelTick == null && !ended) {
      cancelTick = scheduler.schedule(tick, pulse != null ? CHECK_MILLIS : BLIND_MILLIS);
    }
  }

  /** The tick has come; there will be another unless the server is back. */
  void ticked() {
    cancelTick = null;
  }

  /** The server has left the fleet: nobody asks after it any more. */
  void end() {
    ended = true;
    prober = null;
    pulse = null;
    rest();
  }

  /** No more ticks. */
  void rest() {
    Runnable pending = cancelTick;
    cancelTick = null;
    if (pending != null) {
      pending.run();
    }
  }
}
