package dev.caravan.simulator;

import dev.caravan.time.Ticker;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.ScheduledFuture;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Drives an engine in real time: engine time is the ticker's time multiplied by a speedup. For one
 * event loop, whose timers wake it when the next step ends.
 */
final class EngineLoop {
  /*
   * Why not Vert.x's timers: they count whole milliseconds, and a step sped up is shorter. A step
   * that ends late because the loop was busy does not delay the next one: the engine goes through
   * all steps that are due, each at its own engine time.
   */
  private final Engine engine;
  private final EventLoop loop;
  private final Ticker ticker;
  private final double speedup;
  private final long originNanos;
  private final List<Sequence> left = new ArrayList<>();
  private boolean frozen;
  private long frozenAtNanos;
  private long lostNanos;
  private @Nullable ScheduledFuture<?> timer;
  private long timerAtNanos = Long.MAX_VALUE;
  private boolean advancing;
  private volatile EngineLoad load = EngineLoad.IDLE;

  EngineLoop(Engine engine, EventLoop loop, Ticker ticker, double speedup) {
    this.engine = engine;
    this.loop = loop;
    this.ticker = ticker;
    this.speedup = speedup;
    this.originNanos = ticker.nanos();
  }

  /** What the engine had to do when it was last driven. For any thread. */
  EngineLoad load() {
    return load;
  }

  /** The engine, up to date. */
  Engine engine() {
    drive();
    return engine;
  }

  Sequence submit(long[] hashes, int promptTokens, int outputTokens, SequenceListener listener) {
    drive();
    Sequence sequence = engine.submit(now(), hashes, promptTokens, outputTokens, listener);
    rearm();
    return sequence;
  }

  void abort(Sequence sequence) {
    if (frozen) {
      left.add(sequence);
      return;
    }
    engine.abort(sequence);
    rearm();
  }

  /** Lets engine time stand still, or go on from where it stood; aborts wait meanwhile. */
  void freeze(boolean wanted) {
    if (wanted == frozen) {
      return;
    }
    if (wanted) {
      drive();
      frozenAtNanos = now();
      frozen = true;
    } else {
      frozen = false;
      lostNanos += now() - frozenAtNanos;
      left.forEach(engine::abort);
      left.clear();
    }
    rearm();
  }

  /** Seconds of real time that so much engine time takes. */
  double realSeconds(long engineNanos) {
    return engineNanos / speedup / 1e9;
  }

  /** Stops the timer; nothing happens by itself any more. */
  void close() {
    cancel();
  }

  private long now() {
    return frozen ? frozenAtNanos : (long) ((ticker.nanos() - originNanos) * speedup) - lostNanos;
  }

  private void drive() {
    if (advancing) {
      return;
    }
    advancing = true;
    try {
      engine.advanceTo(now());
    } finally {
      advancing = false;
    }
    rearm();
  }

  private void rearm() {
    if (advancing) {
      return; // drive() does it once all is done
    }
    load = new EngineLoad(engine.running(), engine.waiting(), engine.kvBlocksHeld());
    long next = frozen ? Long.MAX_VALUE : engine.nextEventNanos();
    if (next == timerAtNanos) {
      return;
    }
    cancel();
    if (next == Long.MAX_VALUE) {
      return;
    }
    timerAtNanos = next;
    long delayNanos = Math.max(0, (long) Math.ceil((next - now()) / speedup));
    timer =
        loop.schedule(
            () -> {
              timerAtNanos = Long.MAX_VALUE;
              drive();
            },
            delayNanos,
            TimeUnit.NANOSECONDS);
  }

  private void cancel() {
    timerAtNanos = Long.MAX_VALUE;
    if (timer != null) {
      timer.cancel(false);
      timer = null;
    }
  }
}
