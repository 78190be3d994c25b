package dev.caravan.route;

import dev.caravan.fleet.Pool;
import dev.caravan.time.Ticker;
import dev.caravan.upstream.Call;
import java.util.concurrent.TimeUnit;
import org.jboss.logging.Logger;

/**
 * Counts the choices of a {@code loadBalance} step that were made in panic, and says in the log
 * when it enters and leaves that. Where it wavers it says so once a second at most, and in the end
 * how it is. Safe for any thread.
 */
final class PanicWatch {
  private static final Logger LOG = Logger.getLogger(PanicWatch.class);
  private static final long INTERVAL_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final Ticker ticker;

  /** What the log says of it. */
  private volatile boolean said;

  private volatile long nextNanos;

  PanicWatch(Ticker ticker) {
    this.ticker = ticker;
    this.nextNanos = ticker.nanos();
  }

  /** A server was chosen for a call. */
  void picked(Call call, boolean panic) {
    Pool pool = call.home();
    if (panic && pool != null) {
      pool.panicPick();
    }
    if (panic != said && ticker.nanos() - nextNanos >= 0) {
      say(call.pool(), panic);
    }
  }

  private synchronized void say(String pool, boolean panic) {
    long now = ticker.nanos();
    if (panic == said || now - nextNanos < 0) {
      return; // another was faster
    }
    said = panic;
    nextNanos = now + INTERVAL_NANOS;
    if (panic) {
      LOG.warnf(
          "pool %s: panic, too few servers are usable: those of which health is not certain are"
              + " used as well",
          pool);
    } else {
      LOG.infof("pool %s: panic is over", pool);
    }
  }
}
