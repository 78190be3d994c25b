package dev.caravan.time;

import io.netty.util.concurrent.EventExecutorGroup;
import io.netty.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/** Runs small tasks later, on threads that must not be blocked. Safe for any thread. */
@FunctionalInterface
public interface Scheduler {

  /**
   * Runs a task once, after a while.
   *
   * @param millis from 0
   * @return cancels it where it has not begun; may be called at any time
   */
  Runnable schedule(Runnable task, long millis);

  /** On event loops, taken in turn. */
  static Scheduler on(EventExecutorGroup loops) {
    return (task, millis) -> {
      Future<?> scheduled = loops.next().schedule(task, millis, TimeUnit.MILLISECONDS);
      return () -> scheduled.cancel(false);
    };
  }
}
