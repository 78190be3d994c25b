package dev.caravan.ingress;

import dev.caravan.time.Ticker;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jboss.logging.Logger;

/*
 * A balancer in front learns from readiness, some seconds late, that this gateway is leaving. Until
 * then it sends requests here, and refusing them would be failures that clients see. So they are
 * served, and their connections ended with the answer. Only then the port closes.
 */

/** Ends the service of the inference port without ending what runs, as far as there is time. */
public final class Drain {
  private static final Logger LOG = Logger.getLogger("dev.caravan");

  /** How often it looks whether it is done; chosen without experiment. */
  private static final long LOOK_MILLIS = 20;

  /** How long the last bytes may take on their way out; the process ends within a second. */
  private static final long LAST_BYTES_MILLIS = 700;

  /** What else is on its way through the gateway: work from queues. */
  public interface Beside {

    /** Takes nothing new, and gives back what has not begun. */
    void leave();

    /** How much is not over. */
    long running();

    /** Gives back what still runs. */
    void cut();
  }

  private final HttpIngress ingress;
  private final Beside beside;
  private final Ticker ticker;

  public Drain(HttpIngress ingress, Beside beside, Ticker ticker) {
    this.ingress = ingress;
    this.beside = beside;
    this.ticker = ticker;
  }

  /**
   * Drains, and returns when nothing runs any more. For a thread that may wait, once; an interrupt
   * cuts it short.
   *
   * @param delayMillis how long the port goes on serving, from 0
   * @param timeoutMillis how long what runs then may go on, from 0
   */
  public void run(long delayMillis, long timeoutMillis) {
    LOG.infof(
        "Draining: %d requests running; the port closes in %s, what still runs %s later is cut",
        ingress.requests(), seconds(delayMillis), seconds(timeoutMillis));
    ingress.phase(Phase.LEAVING);
    beside.leave(); // nobody has to notice: what is in a queue stays there
    await(delayMillis, () -> false);
    ingress.phase(Phase.CLOSED);
    await(timeoutMillis, () -> ingress.requests() == 0 && beside.running() == 0);
    long left = ingress.requests();
    long jobs = beside.running();
    ingress.phase(Phase.OVER);
    beside.cut();
    await(
        LAST_BYTES_MILLIS,
        () -> ingress.requests() == 0 && ingress.connections() == 0 && beside.running() == 0);
    if (left == 0) {
      LOG.info("Drained: every request was answered");
    } else {
      LOG.warnf("Drained: %d requests were cut after %s", left, seconds(timeoutMillis));
    }
    if (jobs > 0) {
      LOG.warnf("Drained: %d jobs went back to their queues, unanswered", jobs);
    }
  }

  private static String seconds(long millis) {
    return millis % 1000 == 0 ? millis / 1000 + " s" : millis + " ms";
  }

  private void await(long millis, BooleanSupplier done) {
    long end = ticker.nanos() + TimeUnit.MILLISECONDS.toNanos(millis);
    CountDownLatch never = new CountDownLatch(1);
    try {
      while (!done.getAsBoolean() && end - ticker.nanos() > 0) {
        never.await(LOOK_MILLIS, TimeUnit.MILLISECONDS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
