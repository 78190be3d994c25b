package dev.caravan.route;

import dev.caravan.admission.RetryBudget;
import dev.caravan.outcome.Outcome;
import dev.caravan.telemetry.RoadMeters;
import dev.caravan.time.Chance;
import dev.caravan.upstream.UpstreamFailure;
import io.netty.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/*
 * Full jitter: a delay drawn evenly from nothing to a bound that doubles with each retry. It spreads
 * what failed at one moment, and costs half of what a fixed delay would. Source: Brooker,
 * "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
 *
 * The first retry goes after 12 ms on average: nobody sees that, and a server that dies with a
 * hundred requests does not pass them on as one burst.
 */

/**
 * One retry before its turn: it backs off, and then waits for the pool's retry budget if that is
 * spent. Holds no server. Lives on the call's event loop.
 */
final class Retry implements Runnable, RetryBudget.Waiter {
  /** The most that the first retry waits. Half of it is an ordinary step of an engine. */
  static final long BASE_NANOS = TimeUnit.MILLISECONDS.toNanos(25);

  /** The most that any waits. A server that restarts is not back sooner. */
  static final long CAP_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final Road road;
  private final UpstreamFailure after;
  private final boolean free;
  private @Nullable ScheduledFuture<?> timer;
  private RetryBudget.@Nullable Place place;
  private long @Nullable [] before;

  /**
   * A retry.
   *
   * @param after what it mends
   */
  Retry(Road road, UpstreamFailure after) {
    this.road = road;
    this.after = after;
    this.free = free(after.outcome());
  }

  /** Whether the attempt was no load on any server, so that another one is none on top. */
  private static boolean free(Outcome how) {
    return how instanceof Outcome.FailedBefore failed
        && switch (failed.cause()) {
          case CONNECT, REFUSED, TLS -> true;
          default -> false;
        };
  }

  /**
   * How long to back off.
   *
   * @param retry 1 for the first
   */
  static long backoffNanos(int retry, Chance chance) {
    long bound = Math.min(CAP_NANOS, BASE_NANOS << Math.min(retry - 1, 16));
    return (long) (chance.unit() * bound);
  }

  void start() {
    if (free && road.sent() == 1) {
      run();
      return;
    }
    road.call().waits(this::stopped);
    timer =
        road.call()
            .loop()
            .schedule(
                this,
                backoffNanos(road.sent(), road.balancer().roads().chance()),
                TimeUnit.NANOSECONDS);
  }

  /** It has backed off. */
  @Override
  public void run() {
    timer = null;
    RetryBudget budget = road.pool().retries();
    if (free) {
      go(RoadMeters.Retry.FREE);
    } else if (budget.take()) {
      go(RoadMeters.Retry.SENT);
    } else {
      before = road.offer().progress();
      place = budget.join(this, road.call().loop());
      if (place == null) {
        refused();
      }
    }
  }

  @Override
  public void granted() {
    go(RoadMeters.Retry.WAITED);
  }

  private void go(RoadMeters.Retry how) {
    road.call().waits(null);
    if (!free) {
      road.call().retried();
    }
    if (road.attempt()) {
      road.pool().meters().count(how);
    } else if (how == RoadMeters.Retry.SENT || how == RoadMeters.Retry.WAITED) {
      road.pool().retries().giveBack();
    }
  }

  /**
   * It has waited as long as one may. The budget keeps failing servers from more of what they fail
   * at; a server that has worked for others all the while is no part of that, and will do it.
   */
  @Override
  public void refused() {
    long[] then = before;
    if (place != null && then != null && road.offer().anyoneWorks(road.tried(), then)) {
      go(RoadMeters.Retry.PROVEN);
      return;
    }
    road.call().waits(null);
    road.pool().meters().count(RoadMeters.Retry.REFUSED_BUDGET);
    int percent = road.call().policy().retryBudgetPercent();
    road.fail(
        UpstreamFailure.retryRefused(
            after.outcome(),
            true,
            after.getMessage()
                + "; no further attempt: the retry budget of "
                + percent
                + " % of the pool's live requests is spent"));
  }

  /** The client is gone, or its time is over. */
  private void stopped() {
    ScheduledFuture<?> pending = timer;
    if (pending != null) {
      pending.cancel(false);
    }
    RetryBudget.Place held = place;
    if (held != null) {
      held.leave();
    }
    road.stopped();
  }
}
