package dev.caravan.queue;

import dev.caravan.telemetry.JobMeters;
import dev.caravan.time.Chance;
import dev.caravan.time.LogThrottle;
import dev.caravan.time.Scheduler;
import dev.caravan.time.Ticker;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Sends what became of messages, and only then lets their brokers forget them. What cannot be sent
 * is tried again for as long as it takes: the message is not lost, and nothing else is taken
 * meanwhile. Safe for any thread; sends on threads that may wait.
 */
final class Sender {
  static final String JSON = "application/json";

  private static final Logger LOG = Logger.getLogger(Sender.class);

  /** Waits between two tries: a broker that restarts is back in seconds. */
  private static final long BASE_MILLIS = 100;

  private static final long CAP_MILLIS = 5_000;

  private final Executor workers;
  private final Scheduler scheduler;
  private final Chance chance;
  private final JobMeters meters;
  private final LogThrottle throttle;
  private volatile boolean stopped;

  Sender(Executor workers, Scheduler scheduler, Chance chance, Ticker ticker, JobMeters meters) {
    this.workers = workers;
    this.scheduler = scheduler;
    this.chance = chance;
    this.meters = meters;
    this.throttle = new LogThrottle(ticker);
  }

  Executor workers() {
    return workers;
  }

  LogThrottle throttle() {
    return throttle;
  }

  /** What has not been sent by now is given back to its broker. */
  void stop() {
    stopped = true;
  }

  /**
   * Sends a message and settles the one that it is about.
   *
   * @param atOnce whether a broker that can may do both in one step
   * @param done told once: true when that is durable, false when the loan went back instead
   */
  void send(
      Outgoing message,
      @Nullable Outlet outlet,
      Delivery delivery,
      boolean atOnce,
      Consumer<Boolean> done) {
    new Sending(message, outlet, delivery, atOnce, done).start();
  }

  /** Ends a loan on a thread that may wait. */
  void end(Delivery delivery, boolean settle, Runnable done) {
    run(
        () -> {
          if (settle) {
            delivery.settle();
          } else {
            delivery.handBack();
          }
          done.run();
        });
  }

  private void run(Runnable task) {
    try {
      workers.execute(task);
    } catch (RejectedExecutionException e) {
      // The gateway has stopped: what was not settled, the broker delivers again.
      LOG.debug("A message ends with the gateway", e);
    }
  }

  /** One message on its way out. */
  private final class Sending implements Runnable, Consumer<@Nullable Exception> {
    private final Outgoing message;
    private final @Nullable Outlet outlet;
    private final Delivery delivery;
    private final boolean atOnce;
    private final Consumer<Boolean> done;
    private int tries;
    private boolean settled;

    Sending(
        Outgoing message,
        @Nullable Outlet outlet,
        Delivery delivery,
        boolean atOnce,
        Consumer<Boolean> done) {
      this.message = message;
      this.outlet = outlet;
      this.delivery = delivery;
      this.atOnce = atOnce;
      this.done = done;
    }

    void start() {
      Sender.this.run(this);
    }

    @Override
    public void run() {
      if (delivery.lost()) {
        done.accept(false); // whoever has it now answers it
      } else if (stopped) {
        delivery.handBack();
        done.accept(false);
      } else {
        settled = atOnce && delivery.settleWith(message, this);
        Outlet to = outlet;
        if (!settled && to != null) {
          to.send(message, this);
        } else if (!settled) {
          throw new IllegalStateException("there is no way out for the answers of " + delivery);
        }
      }
    }

    @Override
    public void accept(@Nullable Exception failure) {
      if (failure == null) {
        if (!settled) {
          delivery.settle();
        }
        done.accept(true);
        return;
      }
      meters.unsent();
      if (throttle.enter() >= 0) {
        LOG.warnf(
            "%s could not be sent to, and is tried again: %s", message.destination(), failure);
      }
      long bound = Math.min(CAP_MILLIS, BASE_MILLIS << Math.min(tries, 10));
      tries++;
      scheduler.schedule(this::start, bound / 2 + (long) (chance.unit() * bound / 2));
    }
  }
}
