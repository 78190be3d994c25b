package dev.caravan.testing;

import dev.caravan.health.HandTicker;
import dev.caravan.time.Scheduler;
import dev.caravan.time.Ticker;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/** Runs what is due when a test lets time pass, on the test's thread; its ticker goes along. */
public final class HandScheduler implements Scheduler {
  private final HandTicker ticker = new HandTicker();
  private final List<Task> tasks = new CopyOnWriteArrayList<>();
  private final List<Long> delays = new CopyOnWriteArrayList<>();
  private final AtomicInteger count = new AtomicInteger();
  private long nowMillis;

  private record Task(int number, long atMillis, Runnable work) {}

  @Override
  public Runnable schedule(Runnable work, long millis) {
    Task task = new Task(count.getAndIncrement(), nowMillis + millis, work);
    tasks.add(task);
    delays.add(millis);
    return () -> tasks.removeIf(other -> other.number == task.number);
  }

  /** Lets time pass, in steps from task to task; 0 runs what is due now. */
  public void pass(long millis) {
    long until = nowMillis + millis;
    while (true) {
      Task next =
          tasks.stream()
              .filter(task -> task.atMillis <= until)
              .min(Comparator.comparingLong(Task::atMillis).thenComparingInt(Task::number))
              .orElse(null);
      if (next == null) {
        break;
      }
      tasks.remove(next);
      move(next.atMillis);
      next.work.run();
    }
    move(until);
  }

  private void move(long toMillis) {
    ticker.pass(toMillis - nowMillis);
    nowMillis = toMillis;
  }

  /** The same time in nanoseconds, from an origin close to the overflow. */
  public Ticker ticker() {
    return ticker;
  }

  /** How much time has passed, in milliseconds. */
  public long nowMillis() {
    return nowMillis;
  }

  /** What has not run yet. */
  public int pending() {
    return tasks.size();
  }

  /** Every delay that was asked for, in order. */
  public List<Long> delays() {
    return delays;
  }
}
