package dev.caravan.time;

import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/*
 * Nearly every deadline is moved or cleared before it comes. So moving it sets no timer where one
 * is set already that fires before: that timer looks when it fires, and is set again for what is
 * left. A request that is answered in time costs no timer at all.
 */

/** One deadline that can be moved and cleared at no cost. Owned by one event loop. */
public final class Deadline {
  private final EventExecutor loop;
  private final Ticker ticker;
  private final Runnable expired;
  private boolean set;
  private long dueNanos;
  private @Nullable ScheduledFuture<?> timer;
  private long timerNanos;

  /**
   * A deadline that is not set.
   *
   * @param expired run on the loop when the deadline has come; it is cleared then
   */
  public Deadline(EventExecutor loop, Ticker ticker, Runnable expired) {
    this.loop = loop;
    this.ticker = ticker;
    this.expired = expired;
  }

  /**
   * Sets or moves it.
   *
   * @param nanos on the ticker's scale
   */
  public void at(long nanos) {
    set = true;
    dueNanos = nanos;
    ScheduledFuture<?> pending = timer;
    if (pending != null) {
      if (timerNanos - nanos <= 0) {
        return;
      }
      pending.cancel(false);
    }
    timerNanos = nanos;
    timer = loop.schedule(this::look, Math.max(0, nanos - ticker.nanos()), TimeUnit.NANOSECONDS);
  }

  /** Sets or moves it to {@code millis} from now. */
  public void in(long millis) {
    at(ticker.nanos() + TimeUnit.MILLISECONDS.toNanos(millis));
  }

  /** It does not matter any more. */
  public void clear() {
    set = false;
  }

  /** As {@link #clear}, for good: a pending timer is given back. */
  public void stop() {
    set = false;
    ScheduledFuture<?> pending = timer;
    timer = null;
    if (pending != null) {
      pending.cancel(false);
    }
  }

  private void look() {
    timer = null;
    if (!set) {
      return;
    }
    if (dueNanos - ticker.nanos() > 0) {
      at(dueNanos);
      return;
    }
    set = false;
    expired.run();
  }
}
