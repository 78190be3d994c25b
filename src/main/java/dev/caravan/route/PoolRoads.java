package dev.caravan.route;

import dev.caravan.fleet.Pool;
import dev.caravan.select.Explanations;
import dev.caravan.telemetry.Meters;
import dev.caravan.time.Chance;
import dev.caravan.time.Scheduler;
import dev.caravan.time.Ticker;
import dev.caravan.upstream.Call;
import java.util.concurrent.ConcurrentHashMap;

/** What all roads need: the clock, the dice, and the shared part of each pool. For any thread. */
public final class PoolRoads {
  private final Ticker ticker;
  private final Chance chance;
  private final Scheduler scheduler;
  private final Meters meters;
  private final ResponseHomes responses;
  private final Explanations explanations;
  private final int attempts;
  // By identity: a pool lives as long as its name.
  private final ConcurrentHashMap<Pool, PoolRoad> byPool = new ConcurrentHashMap<>();
  private final Pool none = new Pool("none");

  /**
   * No pool yet.
   *
   * @param attempts how many servers a request may be sent to where its pool does not say, from 1
   * @param responses which server stores which
   * @param explanations where choices go that are to be explained
   * @param scheduler for those that wait for the retry budget
   */
  public PoolRoads(
      Ticker ticker,
      Chance chance,
      Scheduler scheduler,
      Meters meters,
      ResponseHomes responses,
      Explanations explanations,
      int attempts) {
    this.ticker = ticker;
    this.chance = chance;
    this.scheduler = scheduler;
    this.meters = meters;
    this.responses = responses;
    this.explanations = explanations;
    this.attempts = attempts;
  }

  /** Opens the books of a pool, so that its meters are there before its first retry. */
  public void open(Pool pool) {
    of(pool);
  }

  /** A pool is no more. */
  public void forget(Pool pool) {
    byPool.remove(pool);
  }

  /** A pool's, made where it is new. */
  PoolRoad of(Pool pool) {
    PoolRoad road = byPool.get(pool);
    return road != null
        ? road
        : byPool.computeIfAbsent(pool, each -> new PoolRoad(each, ticker, scheduler, meters::road));
  }

  /** That of a call's pool, or one for all calls that came through none. */
  PoolRoad of(Call call) {
    Pool home = call.home();
    return of(home != null ? home : none);
  }

  Ticker ticker() {
    return ticker;
  }

  ResponseHomes responses() {
    return responses;
  }

  Explanations explanations() {
    return explanations;
  }

  Chance chance() {
    return chance;
  }

  /** How many servers a call may be sent to: fewer where its client has tried already. */
  int attempts(Call call) {
    int own = call.policy().attempts();
    return Math.max(1, (own > 0 ? own : attempts) - call.clientRetries());
  }
}
