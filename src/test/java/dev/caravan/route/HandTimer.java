package dev.caravan.route;

import dev.caravan.time.Scheduler;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** A timer that runs what is due when a test lets time pass, on the test's thread. */
final class HandTimer implements Scheduler {
  private final List<Task> tasks = new ArrayList<>();
  private final List<Long> delays = new ArrayList<>();
  private long nowMillis;

  private record Task(int number, long atMillis, Runnable work) {}

  @Override
  public Runnable schedule(Runnable work, long millis) {
    Task task = new Task(delays.size(), nowMillis + millis, work);
    tasks.add(task);
    delays.add(millis);
    return () -> tasks.removeIf(other -> other.equals(task));
  }

  /** Lets time pass, in steps from task to task. */
  void pass(long millis) {
    long until = nowMillis + millis;
    while (true) {
      Task next =
          tasks.stream()
              .filter(task -> task.atMillis() <= until)
              .min(Comparator.comparingLong(Task::atMillis))
              .orElse(null);
      if (next == null) {
        break;
      }
      tasks.remove(next);
      nowMillis = next.atMillis();
      next.work().run();
    }
    nowMillis = until;
  }

  long nowMillis() {
    return nowMillis;
  }

  int pending() {
    return tasks.size();
  }

  /** Every delay that was asked for, in order. */
  List<Long> delays() {
    return delays;
  }
}
