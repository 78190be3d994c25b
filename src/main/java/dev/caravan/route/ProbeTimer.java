package dev.caravan.route;

import io.netty.channel.EventLoopGroup;
import io.netty.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/**
 * Runs probes later, on somebody else's threads, which must not be blocked. Safe for any thread.
 */
@FunctionalInterface
public interface ProbeTimer {

  /**
   * Runs a task once, after a while.
   *
   * @param millis from 0
   * @return cancels it where it has not begun; may be called at any time
   */
  Runnable schedule(Runnable task, long millis);

  /** The event loops of the gateway. */
  static ProbeTimer on(EventLoopGroup loops) {
    return (task, millis) -> {
      Future<?> scheduled = loops.next().schedule(task, millis, TimeUnit.MILLISECONDS);
      return () -> scheduled.cancel(false);
    };
  }
}
