package dev.caravan.upstream;

import dev.caravan.outcome.Outcome;
import dev.caravan.time.Deadline;
import dev.caravan.time.Ticker;
import io.netty.channel.EventLoop;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The time that a client allows for its request. Owned by the call's event loop. */
final class OwnTime {
  private final ClientLimits limits;
  private final Ticker ticker;
  private final long endNanos;
  private final @Nullable Deadline total;
  private boolean expired;

  /**
   * Its time runs.
   *
   * @param arrivedNanos since when, on the ticker's scale
   * @param over run on the loop when the whole is over
   */
  OwnTime(ClientLimits limits, long arrivedNanos, EventLoop loop, Ticker ticker, Runnable over) {
    this.limits = limits;
    this.ticker = ticker;
    this.endNanos = arrivedNanos + TimeUnit.MILLISECONDS.toNanos(limits.totalMillis());
    if (limits.totalMillis() == 0) {
      total = null;
      return;
    }
    total =
        new Deadline(
            loop,
            ticker,
            () -> {
              expired = true;
              over.run();
            });
    total.at(endNanos);
  }

  ClientLimits limits() {
    return limits;
  }

  /** How long the first byte may still be waited for, in milliseconds; a large one for ever. */
  long leftMillis() {
    long first = limits.firstTokenMillis() > 0 ? limits.firstTokenMillis() : Long.MAX_VALUE;
    return limits.totalMillis() == 0
        ? first
        : Math.min(first, Math.max(0, (endNanos - ticker.nanos()) / 1_000_000));
  }

  boolean expired() {
    return expired;
  }

  String detail() {
    return "the client allowed " + limits.totalMillis() + " ms";
  }

  Outcome outcome() {
    return new Outcome.Expired(detail());
  }

  void stop() {
    if (total != null) {
      total.stop();
    }
  }
}
