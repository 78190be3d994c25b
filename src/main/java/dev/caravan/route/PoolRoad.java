package dev.caravan.route;

import dev.caravan.admission.FairQueue;
import dev.caravan.admission.FirstTokenTimes;
import dev.caravan.admission.HedgeBudget;
import dev.caravan.admission.QueueRefusal.Why;
import dev.caravan.admission.RecentRequests;
import dev.caravan.admission.RetryBudget;
import dev.caravan.fleet.Pool;
import dev.caravan.telemetry.Meters;
import dev.caravan.telemetry.QueueMeters;
import dev.caravan.telemetry.RoadMeters;
import dev.caravan.tenant.Priority;
import dev.caravan.time.Scheduler;
import dev.caravan.time.Ticker;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** What the requests of one pool share on their way over its servers. Safe for any thread. */
final class PoolRoad {
  private final RecentRequests requests;
  private final RetryBudget retries;
  private final HedgeBudget hedges;
  private final FirstTokenTimes firstTokens;
  private final RoadMeters meters;
  private final FairQueue queue;
  private final Ticker ticker;
  private final Supplier<QueueMeters> queueMeterMaker;

  /** Made where a route lets somebody wait: most pools have no queue to measure. */
  private volatile @Nullable QueueMeters queueMeters;

  PoolRoad(Pool pool, Ticker ticker, Scheduler scheduler, Meters all) {
    this.ticker = ticker;
    requests = new RecentRequests(ticker);
    retries = new RetryBudget(pool, requests, ticker, scheduler);
    hedges = new HedgeBudget(requests, ticker);
    firstTokens = new FirstTokenTimes(ticker);
    meters = all.road(pool, retries::waiting);
    queue = new FairQueue(pool, ticker, scheduler);
    queueMeterMaker = () -> measured(all, pool, queue);
  }

  private static QueueMeters measured(Meters all, Pool pool, FairQueue queue) {
    Map<String, Priority> classes = new LinkedHashMap<>();
    for (Priority each : Priority.values()) {
      classes.put(each.label(), each);
    }
    Map<String, Why> reasons = new LinkedHashMap<>();
    for (Why each : Why.values()) {
      reasons.put(each.label(), each);
    }
    return all.queue(
        pool,
        List.copyOf(classes.keySet()),
        List.copyOf(reasons.keySet()),
        label -> queue.waiting(Objects.requireNonNull(classes.get(label))),
        label -> queue.newcomerMillis(Objects.requireNonNull(classes.get(label))),
        label -> queue.left(Objects.requireNonNull(reasons.get(label))));
  }

  /** Those that wait for room; there is one whether the pool's route lets anybody wait or not. */
  FairQueue queue() {
    return queue;
  }

  /** There is a queue to measure from now on. */
  synchronized void measureQueue() {
    if (queueMeters == null) {
      queueMeters = queueMeterMaker.get();
    }
  }

  /** One of the queue has had its turn. */
  void turn(long waitedNanos) {
    QueueMeters made = queueMeters;
    if (made != null) { // null where a queue is yet to be opened, so that nobody waits
      made.turn(waitedNanos);
    }
  }

  Ticker ticker() {
    return ticker;
  }

  RecentRequests requests() {
    return requests;
  }

  RetryBudget retries() {
    return retries;
  }

  HedgeBudget hedges() {
    return hedges;
  }

  FirstTokenTimes firstTokens() {
    return firstTokens;
  }

  RoadMeters meters() {
    return meters;
  }
}
