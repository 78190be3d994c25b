package dev.caravan.route;

import dev.caravan.admission.FirstTokenTimes;
import dev.caravan.admission.HedgeBudget;
import dev.caravan.admission.RecentRequests;
import dev.caravan.admission.RetryBudget;
import dev.caravan.fleet.Pool;
import dev.caravan.telemetry.RoadMeters;
import dev.caravan.time.Scheduler;
import dev.caravan.time.Ticker;
import java.util.function.Supplier;

/** What the requests of one pool share on their way over its servers. Safe for any thread. */
final class PoolRoad {
  private final RecentRequests requests;
  private final RetryBudget retries;
  private final HedgeBudget hedges;
  private final FirstTokenTimes firstTokens;
  private final RoadMeters meters;

  /** Makes the meters of a pool, given how many of its retries wait. */
  @FunctionalInterface
  interface MeterMaker {
    RoadMeters of(Pool pool, Supplier<Number> waiting);
  }

  PoolRoad(Pool pool, Ticker ticker, Scheduler scheduler, MeterMaker maker) {
    requests = new RecentRequests(ticker);
    retries = new RetryBudget(pool, requests, ticker, scheduler);
    hedges = new HedgeBudget(requests, ticker);
    firstTokens = new FirstTokenTimes(ticker);
    meters = maker.of(pool, retries::waiting);
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
