package dev.caravan.queue;

import java.util.Comparator;
import java.util.PriorityQueue;
import org.jspecify.annotations.Nullable;

/**
 * The jobs that wait for the servers of one model: first those of the highest priority, among them
 * the oldest. Owned by the event loop of its {@link JobQueue}.
 */
final class Lane {
  /** A server that is busy now may have a place in the time of some steps of its engine. */
  private static final long NO_ROOM_NANOS = 20_000_000L;

  private static final long BASE_NANOS = 250_000_000L;
  private static final long CAP_NANOS = 10_000_000_000L;

  private final PriorityQueue<Job> waiting =
      new PriorityQueue<>(
          Comparator.<Job>comparingInt(job -> -job.priority())
              .thenComparingLong(job -> job.sequence));

  private boolean starting;
  private boolean blocked;
  private boolean forRoom;
  private long untilNanos;
  private int trials;

  void add(Job job) {
    waiting.add(job);
  }

  /** Whether nothing would be lost with it. */
  boolean idle() {
    return waiting.isEmpty() && !starting;
  }

  /** The next job that may start now; null where none may. */
  @Nullable Job next(long nowNanos) {
    if (starting || waiting.isEmpty() || (blocked && untilNanos - nowNanos > 0)) {
      return null;
    }
    blocked = false;
    starting = true;
    return waiting.poll();
  }

  /** The one that was next is at a server: the one behind it may try. */
  void started() {
    starting = false;
    trials = 0;
  }

  /** The one that was next is over already. */
  void over() {
    starting = false;
  }

  /** Nobody has room for background work now. */
  void noRoom(long nowNanos) {
    starting = false;
    block(true, nowNanos + NO_ROOM_NANOS);
  }

  /**
   * Nobody can take anything: wait, and let one job try then.
   *
   * @param atLeastNanos how long servers have asked to be left alone, from 0
   * @param unit a random number in [0, 1)
   */
  void noServer(long nowNanos, long atLeastNanos, double unit) {
    starting = false;
    long bound = Math.min(CAP_NANOS, BASE_NANOS << Math.min(trials, 10));
    trials++;
    block(false, nowNanos + Math.max(atLeastNanos, bound / 2 + (long) (unit * bound / 2)));
  }

  private void block(boolean room, long until) {
    blocked = true;
    forRoom = room;
    untilNanos = until;
  }

  /** A job has ended, so that there may be room. */
  void roomAgain() {
    if (forRoom) {
      blocked = false;
    }
  }

  /** When it is to be looked at again, on the ticker's scale; {@code otherwise} for never. */
  long wakeNanos(long otherwise) {
    return blocked && !waiting.isEmpty() ? untilNanos : otherwise;
  }

  void remove(Job job) {
    waiting.remove(job);
  }
}
