package dev.caravan.route;

import dev.caravan.admission.FairQueue;
import dev.caravan.fleet.Backend;
import dev.caravan.fleet.Pool;
import dev.caravan.fleet.PoolPolicy;
import dev.caravan.select.Explanations;
import dev.caravan.telemetry.Meters;
import dev.caravan.time.Chance;
import dev.caravan.time.Scheduler;
import dev.caravan.time.Ticker;
import dev.caravan.upstream.Call;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

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

  /** A server holds one request less: who waits for it longest, of any of its pools, may go. */
  public void freed(Backend server) {
    List<Pool> pools = server.pools();
    int size = pools.size();
    // Another pool is asked first each time, so that none of them has all the places.
    int from = size > 1 ? (int) Math.floorMod(ticker.nanos() >>> 10, (long) size) : 0;
    for (int i = 0; i < size; i++) {
      Pool pool = pools.get((from + i) % size);
      PoolRoad road = pool.policy().queue().on() ? byPool.get(pool) : null;
      if (road != null && road.queue().freed(server)) {
        return;
      }
    }
  }

  /** The queue of a pool; null where its route lets nobody wait. */
  public @Nullable FairQueue queue(Pool pool) {
    return pool.policy().queue().on() ? of(pool).queue() : null;
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
        : byPool.computeIfAbsent(pool, each -> new PoolRoad(each, ticker, scheduler, meters));
  }

  /** The same, for one that a route opens with that policy: what it can measure is there then. */
  void opened(Pool pool, PoolPolicy policy) {
    PoolRoad road = of(pool);
    if (policy.queue().on()) {
      road.measureQueue();
    }
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
