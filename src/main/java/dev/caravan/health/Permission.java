package dev.caravan.health;

import dev.caravan.fleet.Lease;
import dev.caravan.fleet.LeaseListener;
import dev.caravan.outcome.Outcome;
import java.util.concurrent.atomic.AtomicIntegerFieldUpdater;

/**
 * A breaker's leave to make one call. Answered exactly once: with the call's outcome, or given back
 * where the call says nothing about the server. Later answers change nothing. Any thread may
 * answer.
 */
public final class Permission implements LeaseListener {
  private static final AtomicIntegerFieldUpdater<Permission> ANSWERED =
      AtomicIntegerFieldUpdater.newUpdater(Permission.class, "answered");

  private final Breaker breaker;
  private final Breaker.Phase phase;
  private volatile int answered;

  Permission(Breaker breaker, Breaker.Phase phase) {
    this.breaker = breaker;
    this.phase = phase;
  }

  /** The breaker learns how the lease that this permitted ended. */
  @Override
  public void closed(Lease lease, Outcome outcome) {
    if (Busy.timedOut(lease, outcome)) {
      giveBack();
      return;
    }
    long firstByteNanos = lease.timeToFirstByteNanos();
    answer(outcome, firstByteNanos >= 0 ? firstByteNanos : lease.durationNanos());
  }

  /**
   * The breaker learns how the call ended.
   *
   * @param nanos from the start to the first byte of the answer, or to the end where none came
   */
  public void answer(Outcome outcome, long nanos) {
    if (ANSWERED.compareAndSet(this, 0, 1)) {
      breaker.learn(phase, outcome.lesson(), nanos, outcome.detail());
    }
  }

  /** The call says nothing about the server: somebody else may have the permission. */
  public void giveBack() {
    if (ANSWERED.compareAndSet(this, 0, 1)) {
      breaker.learn(phase, Outcome.Lesson.NONE, 0, "");
    }
  }

  /** Whether it has been answered. */
  public boolean answered() {
    return answered != 0;
  }
}
