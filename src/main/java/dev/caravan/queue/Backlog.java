package dev.caravan.queue;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import org.jspecify.annotations.Nullable;

/**
 * All jobs of a queue that wait: in the lane of their model, or for their next try. Owned by the
 * event loop of its {@link JobQueue}.
 */
final class Backlog {
  private final Map<String, Lane> lanes = new HashMap<>();
  private final PriorityQueue<Job> later =
      new PriorityQueue<>((a, b) -> Long.signum(a.dueNanos - b.dueNanos));

  /** It waits for its turn. */
  void add(Job job) {
    lanes.computeIfAbsent(job.model(), model -> new Lane()).add(job);
  }

  /** It waits until it is due, and then for its turn. */
  void addLater(Job job) {
    later.add(job);
  }

  /** The lane that a job of this queue is in, or was in when it started. */
  Lane lane(Job job) {
    return lanes.computeIfAbsent(job.model(), model -> new Lane());
  }

  /** One job of each lane that may start now. */
  List<Job> next(long nowNanos, int most) {
    for (Job due = later.peek(); due != null && due.dueNanos - nowNanos <= 0; due = later.peek()) {
      later.remove();
      add(due);
    }
    List<Job> starting = List.of();
    for (Lane lane : lanes.values()) {
      @Nullable Job job = starting.size() < most ? lane.next(nowNanos) : null;
      if (job != null) {
        starting = starting.isEmpty() ? new ArrayList<>(lanes.size()) : starting;
        starting.add(job);
      }
    }
    return starting;
  }

  /** A job has ended somewhere, so that there may be room. */
  void roomAgain() {
    lanes.values().forEach(Lane::roomAgain);
  }

  /** When it is to be looked at again, on the ticker's scale, {@code latest} at the latest. */
  long wakeNanos(long latest) {
    lanes.values().removeIf(Lane::idle);
    long at = latest;
    for (Lane lane : lanes.values()) {
      long then = lane.wakeNanos(at);
      at = then - at < 0 ? then : at;
    }
    Job first = later.peek();
    return first != null && first.dueNanos - at < 0 ? first.dueNanos : at;
  }

  /** They wait no longer. */
  void removeAll(Collection<Job> jobs) {
    for (Job job : jobs) {
      later.remove(job);
      Lane lane = lanes.get(job.model());
      if (lane != null) {
        lane.remove(job);
      }
    }
  }
}
