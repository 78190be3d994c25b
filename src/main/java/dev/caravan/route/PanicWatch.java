package dev.caravan.route;

import dev.caravan.fleet.Pool;
import dev.caravan.time.Ticker;
import dev.caravan.upstream.Call;
import org.jboss.logging.Logger;

/**
 * Counts the choices of a {@code loadBalance} step that were made in panic, and says in the log
 * when it enters and leaves that; where it wavers, once a second at most. Safe for any thread.
 */
final class PanicWatch {
  private static final Logger LOG = Logger.getLogger(PanicWatch.class);

  private final LogThrottle throttle;
  private volatile boolean inPanic;

  PanicWatch(Ticker ticker) {
    this.throttle = new LogThrottle(ticker);
  }

  /** A server was chosen for a call. */
  void picked(Call call, boolean panic) {
    Pool pool = call.home();
    if (panic && pool != null) {
      pool.panicPick();
    }
    if (panic != inPanic) {
      turned(call.pool(), panic);
    }
  }

  private synchronized void turned(String pool, boolean panic) {
    if (panic == inPanic) {
      return;
    }
    inPanic = panic;
    int suppressed = throttle.enter();
    if (suppressed < 0) {
      return;
    }
    String before = suppressed == 0 ? "" : " (it wavered " + suppressed + " times)";
    if (panic) {
      LOG.warnf(
          "pool %s: panic, too few servers are usable: those of which health is not certain are"
              + " used as well%s",
          pool, before);
    } else {
      LOG.infof("pool %s: panic is over%s", pool, before);
    }
  }
}
