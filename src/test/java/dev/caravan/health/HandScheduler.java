package dev.caravan.health;

import dev.caravan.time.Scheduler;
import dev.caravan.time.Ticker;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** Runs what is due when a test lets time pass, on the test's thread; its ticker goes along. */
public final class HandScheduler implements Scheduler {
  private final List<Task> tasks = new ArrayList<>();
  private long nowMillis;
  private int count;

  private record Task(int number, long atMillis, Runnable work) {}

  @Override
  public Runnable schedule(Runnable work, long millis) {
    Task task = new Task(count++, nowMillis + millis, work);
    tasks.add(task);
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
      nowMillis = next.atMillis;
      next.work.run();
    }
    nowMillis = until;
  }

  /** The same time in nanoseconds. */
  public Ticker ticker() {
    return () -> nowMillis * 1_000_000;
  }

  /** What has not run yet. */
  public int pending() {
    return tasks.size();
  }
}
