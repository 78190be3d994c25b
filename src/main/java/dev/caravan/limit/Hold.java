package dev.caravan.limit;

import dev.caravan.limit.MonthlyTokens.Month;
import dev.caravan.tenant.Quota;
import org.jspecify.annotations.Nullable;

/** What one request has taken of one account. For one thread at a time. */
final class Hold {
  final Account account;
  final Quota quota;
  private long tokens;
  private boolean place;
  private long requestNanos;
  private long tokenNanos;
  private @Nullable Month month;

  /** Nothing is taken yet. */
  Hold(Account account, Quota quota) {
    this.account = account;
    this.quota = quota;
  }

  /** The most tokens that the limits let one request have. */
  long most() {
    return Math.min(orNone(quota.tokensPerMinute()), orNone(quota.tokensPerMonth()));
  }

  /** What a limit lets pass: all where it is 0. */
  static long orNone(long limit) {
    return limit == 0 ? Long.MAX_VALUE : limit;
  }

  /**
   * Takes a place, a request and the tokens, all or nothing.
   *
   * @param wanted how many tokens
   * @param epochMillis read only where the month counts
   * @return null where all is taken
   */
  @Nullable Refusal take(long wanted, long nowNanos, long epochMillis) {
    tokens = wanted;
    account.usedBy(quota);
    int places = quota.concurrentRequests();
    if (places > 0) {
      place = account.enter(places);
      if (!place) {
        return refuse(Limit.CONCURRENT, places, 1, -1, nowNanos);
      }
    }
    long perMinute = quota.requestsPerMinute();
    if (perMinute > 0) {
      long cost = TokenBucket.nanosFor(perMinute, 1);
      long wait = account.requests.take(cost, nowNanos);
      if (wait > 0) {
        return refuse(Limit.REQUESTS, perMinute, 1, wait, nowNanos);
      }
      requestNanos = cost;
    }
    perMinute = quota.tokensPerMinute();
    if (perMinute > 0) {
      long cost = TokenBucket.nanosFor(perMinute, tokens);
      long wait = account.tokens.take(cost, nowNanos);
      if (wait > 0) {
        return refuse(Limit.TOKENS, perMinute, tokens, wait, nowNanos);
      }
      tokenNanos = cost;
    }
    long budget = quota.tokensPerMonth();
    if (budget > 0) {
      Month now = account.months.now(epochMillis);
      if (!now.take(budget, tokens)) {
        long wait = (now.endMillis() - epochMillis) * 1_000_000;
        return refuse(Limit.BUDGET, budget, tokens, wait, nowNanos);
      }
      month = now;
    }
    return null;
  }

  private Refusal refuse(Limit by, long most, long asked, long waitNanos, long nowNanos) {
    giveBack(nowNanos);
    account.refuse(by);
    return new Refusal(by, account, most, asked, waitNanos, false);
  }

  /** As if it had never been: for a request that nobody served. */
  void giveBack(long nowNanos) {
    if (requestNanos > 0) {
      account.requests.charge(-requestNanos, nowNanos);
      requestNanos = 0;
    }
    change(0, nowNanos);
    leave();
  }

  /** The request has come to its end, and cost so many tokens. */
  void settle(long cost, long nowNanos) {
    change(cost, nowNanos);
    leave();
    account.charged(cost);
  }

  private void change(long cost, long nowNanos) {
    long perMinute = quota.tokensPerMinute();
    if (tokenNanos > 0) {
      account.tokens.charge(TokenBucket.nanosFor(perMinute, cost) - tokenNanos, nowNanos);
      tokenNanos = 0;
    }
    Month taken = month;
    if (taken != null) {
      // Of the month that it was taken from, which may be over.
      taken.charge(cost - tokens);
      month = null;
    }
  }

  private void leave() {
    if (place) {
      place = false;
      account.leave();
    }
  }
}
