package dev.caravan.replay;

import dev.caravan.time.Scheduler;
import dev.caravan.time.Ticker;
import java.util.Comparator;
import java.util.PriorityQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Virtual time: the clock of a run, and what is to happen by it. Two things of one instant happen
 * in the order in which they were asked for. For one thread.
 */
final class Timeline implements Ticker, Scheduler {
  private final PriorityQueue<Entry> entries =
      new PriorityQueue<>(
          Comparator.comparingLong((Entry e) -> e.atNanos).thenComparingLong(e -> e.number));
  private long nowNanos;
  private long count;

  private static final class Entry {
    final long atNanos;
    final long number;
    @Nullable Runnable task;

    Entry(long atNanos, long number, Runnable task) {
      this.atNanos = atNanos;
      this.number = number;
      this.task = task;
    }
  }

  /** Nanoseconds since the run began. */
  @Override
  public long nanos() {
    return nowNanos;
  }

  @Override
  public Runnable schedule(Runnable task, long millis) {
    return at(nowNanos + TimeUnit.MILLISECONDS.toNanos(millis), task);
  }

  /**
   * Has something happen at an instant, or now where that is past.
   *
   * @return calls it off
   */
  Runnable at(long nanos, Runnable task) {
    Entry entry = new Entry(Math.max(nanos, nowNanos), count++, task);
    entries.add(entry);
    return () -> entry.task = null;
  }

  /** When something happens next; {@link Long#MAX_VALUE} for never. */
  long nextNanos() {
    Entry next = entries.peek();
    while (next != null && next.task == null) {
      entries.remove();
      next = entries.peek();
    }
    return next == null ? Long.MAX_VALUE : next.atNanos;
  }

  /** Lets time pass until then. */
  void advanceTo(long nanos) {
    nowNanos = Math.max(nowNanos, nanos);
  }

  /** Does what is next. */
  void runNext() {
    Entry next = entries.remove();
    Runnable task = next.task;
    next.task = null;
    advanceTo(next.atNanos);
    if (task != null) {
      task.run();
    }
  }
}
