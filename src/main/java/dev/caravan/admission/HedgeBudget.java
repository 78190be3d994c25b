package dev.caravan.admission;

import dev.caravan.time.Ticker;

/**
 * How many hedges a pool may send: a share of its recent requests, and one. Safe for any thread;
 * holds its lock for a few additions.
 */
public final class HedgeBudget {
  /** So that a pool with a request now and then is helped too. */
  private static final int MINIMUM = 1;

  private final RecentRequests requests;
  private final Ticker ticker;
  private final Spending spending;

  public HedgeBudget(RecentRequests requests, Ticker ticker) {
    this.requests = requests;
    this.ticker = ticker;
    this.spending = new Spending(ticker);
  }

  /**
   * Takes one hedge, if there is one.
   *
   * @param percent hedges for every hundred requests
   */
  public synchronized boolean take(int percent) {
    long now = ticker.nanos();
    if (spending.total(now) >= requests.count(now) * percent / 100 + MINIMUM) {
      return false;
    }
    spending.add(now);
    return true;
  }

  /** The one that was taken a moment ago found no server. */
  public synchronized void giveBack() {
    spending.takeBack(ticker.nanos());
  }
}
