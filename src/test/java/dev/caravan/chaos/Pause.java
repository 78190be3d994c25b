package dev.caravan.chaos;

import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/** Lets real time pass: the schedule and the load are real-time by nature. Safe for any thread. */
final class Pause {
  static final ScheduledExecutorService TIMER =
      Executors.newScheduledThreadPool(
          16,
          task -> {
            Thread thread = new Thread(task, "chaos-timer");
            thread.setDaemon(true);
            return thread;
          });

  private Pause() {}

  /** Returns after so long. Nothing is asserted on what happens meanwhile. */
  static void millis(int millis) {
    try {
      TIMER.schedule(() -> {}, millis, TimeUnit.MILLISECONDS).get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    } catch (ExecutionException e) {
      throw new IllegalStateException(e);
    }
  }
}
