package dev.caravan.limit;

import dev.caravan.limit.MonthlyTokens.Month;
import dev.caravan.tenant.Quota;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * What one tenant has used of its limits, in all pools or in one, or all who ask one pool. Lives as
 * long as its name, so that a changed route or key finds it as it was. Safe for any thread; every
 * number is an atomic of its own, and none waits for another.
 */
public final class Account {
  private final String name;
  private final Scope scope;
  final TokenBucket requests;
  final TokenBucket tokens;
  final MonthlyTokens months;
  private final AtomicInteger running = new AtomicInteger();

  /** What runs at other gateways, as they said last. */
  private volatile int elsewhere;

  private volatile Quota quota = Quota.UNLIMITED;
  private volatile long usedNanos;
  private volatile boolean forgotten;

  private final Totals totals = new Totals();
  private final @Nullable Totals others;

  /**
   * An account of which nothing is used.
   *
   * @param others the sums of all whose names are not for metrics; null where its own is
   * @param shared whether other gateways use of it too
   */
  Account(
      Scope scope,
      String name,
      @Nullable Totals others,
      boolean shared,
      long nowNanos,
      long epochMillis) {
    this.name = name;
    this.scope = scope;
    this.others = others;
    requests = new TokenBucket(nowNanos, shared);
    tokens = new TokenBucket(nowNanos, shared);
    months = new MonthlyTokens(epochMillis, shared);
    usedNanos = nowNanos;
  }

  /** The tenant or the pool; of a tenant in a pool both, as {@code acme:llama}. */
  public String name() {
    return name;
  }

  public Scope scope() {
    return scope;
  }

  /**
   * Whether it may be used, from now on: one that is forgotten may not, and is not brought back.
   */
  boolean touch(long nowNanos) {
    usedNanos = nowNanos;
    return !forgotten;
  }

  /** Whether it is forgotten; who sets that looks afterwards whether it was used meanwhile. */
  void forgotten(boolean now) {
    forgotten = now;
  }

  /** The limits as the last request knew them. */
  public Quota quota() {
    return quota;
  }

  /** It is used under these limits; when, {@link #touch} was told. */
  void usedBy(Quota by) {
    if (!by.equals(quota)) {
      quota = by;
    }
  }

  /** Requests that run now, here and at the gateways that share its limits. */
  public int running() {
    return running.get() + elsewhere;
  }

  /** Takes one of so many places; false where none is free. */
  boolean enter(int most) {
    int others = elsewhere;
    while (true) {
      int before = running.get();
      if (before + others >= most) {
        return false;
      }
      if (running.compareAndSet(before, before + 1)) {
        return true;
      }
    }
  }

  void leave() {
    running.decrementAndGet();
  }

  void refuse(Limit by) {
    totals.refuse(by);
    if (others != null) {
      others.refuse(by);
    }
  }

  void charged(long count) {
    totals.charge(count);
    if (others != null) {
      others.charge(count);
    }
  }

  /** What it was charged and refused. */
  public Totals totals() {
    return totals;
  }

  /** Whether its name comes from the operator's files, and may stand in metrics. */
  public boolean listed() {
    return others == null;
  }

  /** What is left of a minute's requests; -1 where they are not limited. */
  public long remainingRequests(long nowNanos) {
    long most = quota.requestsPerMinute();
    return most == 0 ? -1 : requests.remaining(most, nowNanos);
  }

  /** What is left of a minute's tokens; -1 where they are not limited. */
  public long remainingTokens(long nowNanos) {
    long most = quota.tokensPerMinute();
    return most == 0 ? -1 : tokens.remaining(most, nowNanos);
  }

  /** The nanoseconds until all of a minute's requests are there again. */
  public long requestsFullNanos(long nowNanos) {
    return requests.fullInNanos(nowNanos);
  }

  /** The nanoseconds until all of a minute's tokens are there again. */
  public long tokensFullNanos(long nowNanos) {
    return tokens.fullInNanos(nowNanos);
  }

  /** Tokens that this month has cost, with those that are reserved. */
  public long usedThisMonth(long epochMillis) {
    return months.now(epochMillis).used().get();
  }

  /** When the month ends, in milliseconds since 1970. */
  public long monthEndMillis(long epochMillis) {
    return months.now(epochMillis).endMillis();
  }

  // ---- what other gateways use

  /** Requests of it that run here. */
  public int runningHere() {
    return running.get();
  }

  /** How long nobody here has used it. */
  public long unusedNanos(long nowNanos) {
    return nowNanos - usedNanos;
  }

  /** What was used since the last call, for the others; whoever takes it sees that it arrives. */
  public Told tell(long epochMillis) {
    Month month = months.now(epochMillis);
    return new Told(requests.tell(), tokens.tell(), month.label(), month.untold().take());
  }

  /** What all have used: from now on it counts here, with what was used here since. */
  public void heard(Heard by, long nowNanos, long epochMillis) {
    requests.heard(by.requestNanos(), nowNanos);
    tokens.heard(by.tokenNanos(), nowNanos);
    Month month = months.now(epochMillis);
    if (month.label().equals(by.month())) {
      month.heard(by.monthTokens());
    }
    elsewhere = by.elsewhere();
  }

  /** The others cannot be heard: what runs there counts no more. */
  public void deaf() {
    elsewhere = 0;
  }

  /** Whether a new account would be the same: it can be forgotten. */
  boolean asNew(long nowNanos, long epochMillis) {
    Month month = months.now(epochMillis);
    return running() == 0
        && requests.fullInNanos(nowNanos) == 0
        && tokens.fullInNanos(nowNanos) == 0
        && month.used().get() == 0;
  }

  @Override
  public String toString() {
    return switch (scope) {
      case TENANT -> "tenant " + name;
      case TENANT_POOL -> "tenant and pool " + name;
      case POOL -> "pool " + name;
    };
  }
}
