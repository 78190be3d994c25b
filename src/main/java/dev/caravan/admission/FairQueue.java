package dev.caravan.admission;

import dev.caravan.admission.QueueRefusal.Why;
import dev.caravan.admission.Ticket.Claim;
import dev.caravan.admission.Ticket.State;
import dev.caravan.fleet.Backend;
import dev.caravan.fleet.Pool;
import dev.caravan.tenant.Priority;
import dev.caravan.time.Scheduler;
import dev.caravan.time.Ticker;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/*
 * What a pool can hold is read from its servers whenever somebody waits; there is no second count of
 * places that could drift from the leases. A place that becomes free is offered to one request, on
 * that one's own event loop, where it goes the way of every other request: its server is chosen
 * then, with what is known then. Until it has chosen, the place counts as taken. Where another was
 * quicker (a hedge, another pool of the same server), it is put back where it was.
 *
 * Two things wake the queue: the end of a lease, at once; and a pulse while somebody waits, which
 * sees what no lease tells of, such as a server that is back or a limit that was raised.
 *
 * A lock, not atomics: where nobody waits it is not taken, and a request looks at one volatile
 * number. Nobody is called while it is held, but for the questions whether a place is free.
 */

/**
 * Requests that wait until a server of their pool has room: bounded, class by class, and fair
 * between tenants. Lives as long as its pool, so that a reload loses nobody's place. Safe for any
 * thread.
 */
public final class FairQueue {
  /** How often the queue looks for room by itself while somebody waits; without experiment. */
  static final long PULSE_MILLIS = 25;

  private final Pool pool;
  private final Ticker ticker;
  private final Scheduler scheduler;
  private final ClassOrder order = new ClassOrder();
  private final DrainRate rate = new DrainRate();
  private final Map<Why, Long> left = new EnumMap<>(Why.class);
  private boolean pulsing;
  private int granted;

  /** How many wait; written under the lock. */
  private volatile int waiting;

  /** A queue in which nobody waits. */
  public FairQueue(Pool pool, Ticker ticker, Scheduler scheduler) {
    this.pool = pool;
    this.ticker = ticker;
    this.scheduler = scheduler;
  }

  /** One that waits. Told once which of the two, on its own executor, unless it has left. */
  public interface Waiter {

    /** Some server has room: it may try. Where it has not, {@link #putBack} keeps its place. */
    void granted();

    /** It gave way to others. */
    void pushedOut(QueueRefusal why);
  }

  /** Whether somebody waits, whom a newcomer must not overtake. */
  public boolean busy() {
    return waiting > 0;
  }

  /** How many wait. */
  public int waiting() {
    return waiting;
  }

  /** How many of a class wait. */
  public synchronized int waiting(Priority priority) {
    return order.size(priority);
  }

  /** A place that is not in the queue yet. */
  public Ticket ticket(Waiter waiter, Executor executor, Claim claim) {
    return new Ticket(this, waiter, executor, claim);
  }

  /** How many did not have their turn for a reason. */
  public synchronized long left(Why why) {
    return left.getOrDefault(why, 0L);
  }

  // ---- in and out

  /**
   * Joins the queue.
   *
   * @param fits whether some server has room that may take it; null where any of the pool may
   * @param allowedMillis how long it may wait, from 0
   * @return null where it waits, or is about to be told to go; else why it may not
   */
  public @Nullable QueueRefusal join(
      Ticket ticket, @Nullable BooleanSupplier fits, long allowedMillis) {
    Ticket pushed = null;
    List<Ticket> served;
    boolean first;
    synchronized (this) {
      long now = ticker.nanos();
      int most = pool.policy().queue().most();
      long expected = rate.waitMillis(order.beforeNewcomer(ticket.claim), now);
      if (rate.known() && expected > allowedMillis && places() <= order.size()) {
        return left(Why.DEADLINE, expected);
      }
      if (order.size() >= most) {
        pushed = most == 0 ? null : order.givesWay(ticket);
        if (pushed == null) {
          return left(order.overShare(ticket) ? Why.SHARE : Why.FULL, expected);
        }
        pushOut(pushed, now);
      }
      ticket.fits = fits;
      enter(ticket, now);
      order.add(ticket);
      waiting = order.size();
      served = serve(now);
      first = !pulsing && waiting > 0;
      pulsing |= first;
    }
    if (pushed != null) {
      pushed.tell();
    }
    served.forEach(Ticket::tell);
    if (first) {
      scheduler.schedule(this::pulse, PULSE_MILLIS);
    }
    return null;
  }

  private void enter(Ticket ticket, long now) {
    if (order.size() == 0) {
      rate.begin(now);
    }
    ticket.state = State.WAITING;
  }

  private void pushOut(Ticket ticket, long now) {
    boolean over = order.overShare(ticket);
    long expected = rate.waitMillis(before(ticket), now);
    ticket.why = left(over ? Why.SHARE : Why.FULL, expected);
    order.remove(ticket);
    ticket.state = State.PUSHED_OUT;
  }

  private QueueRefusal left(Why why, long expectedMillis) {
    left.merge(why, 1L, Long::sum);
    return new QueueRefusal(why, expectedMillis, waiting);
  }

  private int before(Ticket ticket) {
    TenantLine line = ticket.line;
    return order.before(ticket.claim, line == null ? 0 : line.before(ticket));
  }

  /**
   * It was told to go and found no room: it has its place again, and tries when the next is free.
   * Called while or after its waiter was told.
   *
   * @param fits as for {@link #join}
   */
  public void putBack(Ticket ticket, @Nullable BooleanSupplier fits) {
    boolean first;
    synchronized (this) {
      ticket.fits = fits;
      rate.takeBack();
      enter(ticket, ticker.nanos());
      order.putBack(ticket);
      waiting = order.size();
      first = !pulsing;
      pulsing = true;
    }
    if (first) {
      scheduler.schedule(this::pulse, PULSE_MILLIS);
    }
  }

  /**
   * Leaves: its waiter hears nothing any more, and what it was granted goes to others.
   *
   * @return the reason, with what is known of the queue
   */
  public QueueRefusal leave(Ticket ticket, Why why) {
    List<Ticket> served = List.of();
    QueueRefusal told;
    synchronized (this) {
      long now = ticker.nanos();
      int before = ticket.state == State.WAITING ? before(ticket) : 0;
      told = left(why, rate.waitMillis(before, now));
      if (ticket.state == State.WAITING) {
        order.remove(ticket);
        emptied(now);
      } else if (ticket.state == State.GRANTED) {
        granted--;
        served = serve(now);
      }
      ticket.state = State.OUT;
    }
    served.forEach(Ticket::tell);
    return told;
  }

  private void emptied(long now) {
    waiting = order.size();
    if (waiting == 0) {
      rate.end(now);
    }
  }

  /** What a ticket is to bring; it is out of the queue from then on. */
  synchronized State heard(Ticket ticket) {
    State news = ticket.state;
    if (news == State.GRANTED || news == State.PUSHED_OUT) {
      ticket.state = State.OUT;
    }
    return news;
  }

  /** One that was granted a place has taken it, or has found that there is none. */
  synchronized void taken() {
    granted--;
  }

  // ---- turns

  /** A server of the pool has one request less. */
  public boolean freed(Backend server) {
    if (waiting == 0) {
      return false;
    }
    Ticket next = null;
    synchronized (this) {
      if (server.room() > 0) {
        next = turn(ticker.nanos());
      }
    }
    if (next == null) {
      return false;
    }
    next.tell();
    return true;
  }

  private @Nullable Ticket turn(long now) {
    Ticket next = order.next();
    if (next != null) {
      rate.turn(now);
      next.state = State.GRANTED;
      granted++;
      emptied(now);
    }
    return next;
  }

  /** Gives every place that is free, and promised to nobody, to the one whose turn it is. */
  private List<Ticket> serve(long now) {
    if (order.size() == 0) {
      return List.of();
    }
    List<Ticket> served = new ArrayList<>();
    for (long free = places(); free > 0; free--) {
      Ticket next = turn(now);
      if (next == null) {
        break;
      }
      served.add(next);
    }
    return served;
  }

  private long places() {
    long free = -granted;
    List<Backend> servers = pool.backends();
    for (int i = 0; i < servers.size(); i++) {
      free += servers.get(i).room();
    }
    return free;
  }

  private void pulse() {
    List<Ticket> served;
    boolean again;
    synchronized (this) {
      served = serve(ticker.nanos());
      again = order.size() > 0;
      pulsing = again;
    }
    served.forEach(Ticket::tell);
    if (again) {
      scheduler.schedule(this::pulse, PULSE_MILLIS);
    }
  }

  // ---- what is known of it

  /**
   * Where a ticket stands.
   *
   * @return how many have their turns before it, from 0; -1 where it does not wait
   */
  public synchronized int position(Ticket ticket) {
    return ticket.state == State.WAITING ? before(ticket) : -1;
  }

  /** How long one waits before whom so many have their turns; -1 where nobody knows. */
  public synchronized long waitMillis(int before) {
    return rate.waitMillis(before, ticker.nanos());
  }

  /** How long one of a tenant that has nobody waiting would wait, -1 where nobody knows. */
  public synchronized long newcomerMillis(Priority priority) {
    if (order.size() == 0) {
      return 0;
    }
    Claim newcomer = new Claim(priority, Long.MIN_VALUE, 1, 0, false);
    return rate.waitMillis(order.beforeNewcomer(newcomer), ticker.nanos());
  }
}
