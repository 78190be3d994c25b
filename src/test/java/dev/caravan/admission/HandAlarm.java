package dev.caravan.admission;

import dev.caravan.health.HandTicker;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** A clock, and what is to be run by it, on the test's thread. */
final class HandAlarm implements Alarm {
  final HandTicker ticker = new HandTicker();
  private final List<Task> tasks = new CopyOnWriteArrayList<>();
  private long nowMillis;

  private record Task(long atMillis, Runnable work) {}

  @Override
  public void after(long millis, Runnable work) {
    tasks.add(new Task(nowMillis + millis, work));
  }

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
      move(next.atMillis());
      next.work().run();
    }
    move(until);
  }

  private void move(long toMillis) {
    ticker.pass(toMillis - nowMillis);
    nowMillis = toMillis;
  }

  long nowMillis() {
    return nowMillis;
  }

  int pending() {
    return tasks.size();
  }
}
