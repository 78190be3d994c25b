package dev.caravan.select.pick;

import dev.caravan.select.BackendView;
import dev.caravan.select.Candidates;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * When servers whose share of the traffic still grows are due a request. For pickers whose own rule
 * knows nothing of shares; they ask only where {@link Candidates#warming}. Safe for any thread,
 * without locks.
 */
final class SlowStart {

  /*
   * A server of share s among n - 1 others of share 1 is due s / (s + n - 1) of the picks: with
   * weights, s w of the sum. It earns that much of a credit at every pick, and is due when it has a
   * whole one, which it pays when it is picked. So its requests come evenly spread.
   *
   * Why no draw of chance, and no scaled score
   * ------------------------------------------
   * A draw gives the same mean, but two in a row now and then, to a server that is being spared. A
   * load that is divided by the share says nothing while a server is idle: whatever its share, it
   * would be given a request as soon as each of the others had one. In a pool with three requests a
   * server, one of ten that is to get a hundredth would get a third of a fair share.
   *
   * Bounds
   * ------
   * A server that is due and not picked, because it is busier than others, earns up to two credits
   * and no more; less would lose what is earned beyond the first while another is served that is
   * due as well. So at the next slow start two requests may come early, not a burst.
   *
   * Where nobody has the whole share, the largest share is taken for the whole one: all others are
   * out, and somebody must take the requests.
   *
   * Threads
   * -------
   * Two that see the same whole credit both pick the server, and it owes one. It earns that before
   * it is due again.
   */

  private static final long CREDIT = 1L << 32;
  private static final long MOST = 2 * CREDIT;

  private static final VarHandle CREDITS;

  static {
    try {
      CREDITS =
          MethodHandles.lookup().findVarHandle(SlowStart.class, "credits", AtomicLongArray.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final boolean weighted;
  private volatile AtomicLongArray credits = new AtomicLongArray(0);

  /**
   * Nobody is owed anything.
   *
   * @param weighted whether a server's share is that of its weight
   */
  SlowStart(boolean weighted) {
    this.weighted = weighted;
  }

  /**
   * A pick begins: everyone earns.
   *
   * @param whole the share of those that are not held back
   * @return the position of the one who is due a request, the one with most credit; -1 for nobody
   */
  int due(Candidates candidates, double whole) {
    return due(candidates, whole, true);
  }

  /** What {@link #due} would say now; nobody earns. */
  int peek(Candidates candidates, double whole) {
    return due(candidates, whole, false);
  }

  private int due(Candidates candidates, double whole, boolean counts) {
    AtomicLongArray all = credits(candidates.offered());
    double sum = 0;
    for (int i = 0; i < candidates.size(); i++) {
      sum += part(candidates.view(i));
    }
    int due = -1;
    long most = CREDIT - 1;
    for (int i = 0; i < candidates.size(); i++) {
      BackendView view = candidates.view(i);
      if (view.share() < whole) {
        long more = (long) (part(view) / sum * CREDIT);
        long credit =
            counts ? earn(all, view.index(), more) : Math.min(MOST, all.get(view.index()) + more);
        if (credit > most) {
          due = i;
          most = credit;
        }
      }
    }
    return due;
  }

  private double part(BackendView view) {
    return weighted ? view.share() * view.weight() : view.share();
  }

  private static long earn(AtomicLongArray all, int index, long more) {
    while (true) {
      long had = all.get(index);
      long has = Math.min(MOST, had + more);
      if (has == had || all.compareAndSet(index, had, has)) {
        return has;
      }
    }
  }

  /** The one that was due got the request. */
  void picked(BackendView view) {
    credits.addAndGet(view.index(), -CREDIT);
  }

  /** Grows at the first slow start, and where servers are found. */
  private AtomicLongArray credits(int offered) {
    AtomicLongArray all = credits;
    while (all.length() < offered) {
      AtomicLongArray wider = new AtomicLongArray(offered);
      for (int i = 0; i < all.length(); i++) {
        wider.set(i, all.get(i));
      }
      CREDITS.compareAndSet(this, all, wider);
      all = credits;
    }
    return all;
  }
}
