package dev.caravan.admission;

import dev.caravan.fleet.Pool;
import dev.caravan.time.Scheduler;
import dev.caravan.time.Ticker;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/*
 * The rule: in any window of 4 s, retries are no more than percent % of the pool's live requests,
 * and three.
 *
 * Live requests are those that came in the window or those that are on their way now, whichever is
 * more: short requests show in the first number, long ones in the second, and none is counted
 * twice. Of those on their way, requests that wait here are left out, since they are no work for
 * any server, and so are retries, the gateway's and its clients' own: were they counted, a storm
 * would earn its own retries.
 *
 * Where every request fails at once, the rule comes to 1 + percent / 100 attempts a request.
 * Sources of the idea: Google, "Site Reliability Engineering", chapter 21 (per-client retry
 * budget); Envoy's retry_budget (a share of active requests, min_retry_concurrency 3).
 *
 * What differs is what happens beyond it. Those who would be refused wait instead: the budget is
 * renewed within seconds, and a second of waiting is less than an error to a client that expects
 * an answer to take ten.
 *
 * A lock, not atomics: it is taken on the way of a failed request only, and held for a few
 * additions. Nobody is called while it is held.
 */

/**
 * How many retries a pool may send, and the line of those that wait for one, first come, first
 * served. Safe for any thread. No timer runs unless somebody waits.
 */
public final class RetryBudget {
  /** How long one waits; then it is refused. A user who waits longer has pressed the key again. */
  public static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(5);

  /*
   * 20 % of two requests is none. Three carry one request of a quiet pool over both its siblings,
   * or three requests over one server that restarts.
   */
  /** Retries in a window that are free of the share; none where the share is 0. */
  static final int MINIMUM = 3;

  /** The most that wait; chosen without experiment: bodies of a few KiB each. */
  static final int MAX_WAITING = 1_000;

  /** How often the line looks for new budget, while there is one; chosen without experiment. */
  static final long PULSE_MILLIS = 25;

  private final Pool pool;
  private final RecentRequests requests;
  private final Ticker ticker;
  private final Scheduler scheduler;
  private final Spending spending;
  private final LinkedHashSet<Place> line = new LinkedHashSet<>();
  private boolean pulsing;

  /** Those who have left the line and do not know yet: they are no work for a server either. */
  private int unheard;

  /**
   * A budget of which nothing is spent.
   *
   * @param requests those of the pool, the clients' own retries left out
   * @param scheduler for the line
   */
  public RetryBudget(Pool pool, RecentRequests requests, Ticker ticker, Scheduler scheduler) {
    this.pool = pool;
    this.requests = requests;
    this.ticker = ticker;
    this.scheduler = scheduler;
    this.spending = new Spending(ticker);
  }

  /** One that waits. Told once which of the two, on its own executor, unless it has left. */
  public interface Waiter {

    /** A retry is taken for it. */
    void granted();

    /** It has waited for {@link #PATIENCE_NANOS}. */
    void refused();
  }

  private enum State {
    WAITING,
    GRANTED,
    REFUSED,
    OVER
  }

  /** A place in the line. */
  public final class Place implements Runnable {
    private final Waiter waiter;
    private final Executor executor;
    private final long joinedNanos;
    private State state = State.WAITING;
    private long grantedNanos;

    private Place(Waiter waiter, Executor executor, long joinedNanos) {
      this.waiter = waiter;
      this.executor = executor;
      this.joinedNanos = joinedNanos;
    }

    /** Leaves: its waiter hears nothing any more, and what was granted meanwhile goes to others. */
    public void leave() {
      synchronized (RetryBudget.this) {
        State news = over();
        if (news == State.GRANTED) {
          spending.takeBack(grantedNanos);
        }
        unheard -= news == State.GRANTED || news == State.REFUSED ? 1 : 0;
      }
    }

    private State over() {
      synchronized (RetryBudget.this) {
        State before = state;
        state = State.OVER;
        line.remove(this);
        return before;
      }
    }

    /** Brings the news; on the waiter's executor. */
    @Override
    public void run() {
      State news = over();
      if (news == State.OVER) {
        return;
      }
      try {
        if (news == State.GRANTED) {
          waiter.granted();
        } else {
          waiter.refused();
        }
      } finally {
        synchronized (RetryBudget.this) {
          unheard--;
        }
      }
    }
  }

  /** Takes a retry, if there is one and nobody waits for it. */
  public synchronized boolean take() {
    long now = ticker.nanos();
    if (!line.isEmpty() || left(now) <= 0) {
      return false;
    }
    spending.add(now);
    return true;
  }

  /** The retry that was taken a moment ago found no server. */
  public synchronized void giveBack() {
    spending.takeBack(ticker.nanos());
  }

  /**
   * Joins the line.
   *
   * @param executor where the waiter is told
   * @return its place; null where the line is full, or the pool has no budget at all
   */
  public @Nullable Place join(Waiter waiter, Executor executor) {
    Place place;
    boolean first;
    synchronized (this) {
      if (percent() == 0 || line.size() >= MAX_WAITING) {
        return null;
      }
      place = new Place(waiter, executor, ticker.nanos());
      line.add(place);
      first = !pulsing;
      pulsing = true;
    }
    if (first) {
      scheduler.schedule(this::pulse, PULSE_MILLIS);
    }
    return place;
  }

  /** How many wait. */
  public synchronized int waiting() {
    return line.size();
  }

  private int percent() {
    return pool.policy().retryBudgetPercent();
  }

  /** The retries that may be sent now. */
  private long left(long now) {
    int percent = percent();
    if (percent == 0) {
      return 0;
    }
    // Some who wait are retries already, and left out twice: that errs on the safe side.
    long live = Math.max(pool.live() - line.size() - unheard, requests.count(now));
    return live * percent / 100 + MINIMUM - spending.total(now);
  }

  private void pulse() {
    List<Place> served = new ArrayList<>();
    boolean again;
    synchronized (this) {
      serve(ticker.nanos(), served);
      again = !line.isEmpty();
      pulsing = again;
    }
    for (Place place : served) {
      place.executor.execute(place);
    }
    if (again) {
      scheduler.schedule(this::pulse, PULSE_MILLIS);
    }
  }

  private void serve(long now, List<Place> served) {
    Iterator<Place> places = line.iterator();
    while (places.hasNext()) {
      Place place = places.next();
      if (left(now) > 0) {
        place.state = State.GRANTED;
        place.grantedNanos = now;
        spending.add(now);
      } else if (now - place.joinedNanos >= PATIENCE_NANOS) {
        place.state = State.REFUSED;
      } else {
        return;
      }
      places.remove();
      unheard++;
      served.add(place);
    }
  }
}
