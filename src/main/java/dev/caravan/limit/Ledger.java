package dev.caravan.limit;

import dev.caravan.tenant.Quota;
import dev.caravan.time.Ticker;
import dev.caravan.time.WallClock;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The accounts of all tenants and pools that have limits, and of tenants that have some in a pool.
 * Safe for any thread; taking waits for nobody.
 *
 * <p>An account is made when it is first used, and forgotten when it is as it was then. There are
 * {@link #MOST_TENANTS} of tenants at most; then those go that were not used for the longest time.
 */
public final class Ledger {
  /** The most tenants that are remembered: some 5 MB. Chosen without experiment. */
  static final int MOST_TENANTS = 10_000;

  /** How many go at once where there are too many, so that not every new one must search. */
  private static final int CULLED = MOST_TENANTS / 10;

  /** Who is told of accounts. */
  public interface Listener {
    void made(Account account);

    void gone(Account account);

    /** Somebody who does not care. */
    Listener NONE =
        new Listener() {
          @Override
          public void made(Account account) {}

          @Override
          public void gone(Account account) {}
        };
  }

  private final Ticker ticker;
  private final WallClock clock;
  private final boolean shared;
  private final Listener listener;
  private final ConcurrentHashMap<String, Account> tenants = new ConcurrentHashMap<>();
  private final ConcurrentHashMap<String, Account> pools = new ConcurrentHashMap<>();

  /** Of tenants in pools: no more than the operator's file has. */
  private final ConcurrentHashMap<String, Account> pairs = new ConcurrentHashMap<>();

  private final Totals others = new Totals();
  private final ConcurrentHashMap<String, Estimate> estimates = new ConcurrentHashMap<>();

  /**
   * One without accounts.
   *
   * @param shared whether other gateways will tell of the same accounts, and be told
   */
  public Ledger(Ticker ticker, WallClock clock, boolean shared, Listener listener) {
    this.ticker = ticker;
    this.clock = clock;
    this.shared = shared;
    this.listener = listener;
  }

  long nowNanos() {
    return ticker.nanos();
  }

  long epochMillis() {
    return clock.epochMillis();
  }

  /**
   * Takes what a request is likely to need, or learns why it may not have it.
   *
   * @param tenant who asks
   * @param listed whether that name comes from the operator's files
   * @param tenantQuota what the tenant may use of everything
   * @param pool the pool that it goes to
   * @param poolQuota what all may use of that pool together
   * @param guessed the prompt's tokens by its bytes, from 0
   * @param maxTokens the most tokens of an answer that its client wants, or -1
   * @param answered whether its answer has tokens of its own; embeddings have none
   * @return null where neither has limits
   */
  public @Nullable Reservation reserve(
      String tenant,
      boolean listed,
      Quota tenantQuota,
      String pool,
      Quota poolQuota,
      int guessed,
      int maxTokens,
      boolean answered) {
    Quotas of = new Quotas(tenant, listed, tenantQuota, Quota.UNLIMITED, pool, poolQuota);
    return reserve(of, guessed, maxTokens, answered);
  }

  /**
   * Which limits hold for a request.
   *
   * @param tenant who asks
   * @param listed whether that name comes from the operator's files
   * @param ofTenant what the tenant may use of everything
   * @param ofBoth what the tenant may use of the pool
   * @param pool the pool that it goes to
   * @param ofPool what all may use of that pool together
   */
  public record Quotas(
      String tenant, boolean listed, Quota ofTenant, Quota ofBoth, String pool, Quota ofPool) {}

  /** The same where the tenant may have limits of its own in that pool. */
  public @Nullable Reservation reserve(Quotas of, int guessed, int maxTokens, boolean answered) {
    boolean tenant = limited(of.ofTenant);
    boolean both = limited(of.ofBoth);
    boolean pool = limited(of.ofPool);
    Hold[] holds = new Hold[(tenant ? 1 : 0) + (both ? 1 : 0) + (pool ? 1 : 0)];
    if (holds.length == 0) {
      return null;
    }
    long now = ticker.nanos();
    int next = 0;
    if (tenant) {
      holds[next++] = new Hold(tenant(of.tenant, of.listed, now), of.ofTenant);
    }
    if (both) {
      String name = of.tenant + ":" + of.pool;
      holds[next++] = new Hold(account(pairs, Scope.TENANT_POOL, name, true, now), of.ofBoth);
    }
    if (pool) {
      holds[next] = new Hold(account(pools, Scope.POOL, of.pool, true, now), of.ofPool);
    }
    Estimate estimate = estimate(of.pool);
    long prompt = estimate.prompt(guessed);
    long stated = prompt + (answered ? Math.max(0, maxTokens) : 0);
    long likely = answered && maxTokens < 0 ? prompt + estimate.answer() : stated;
    return new Reservation(this, holds, estimate, guessed, prompt, stated, likely, now);
  }

  private static boolean limited(Quota quota) {
    return quota.requestsPerMinute() > 0
        || quota.tokensPerMinute() > 0
        || quota.concurrentRequests() > 0
        || quota.tokensPerMonth() > 0;
  }

  /** What the requests of a pool cost. */
  public Estimate estimate(String pool) {
    Estimate known = estimates.get(pool);
    return known != null ? known : estimates.computeIfAbsent(pool, name -> new Estimate());
  }

  private Account tenant(String name, boolean listed, long now) {
    if (tenants.size() >= MOST_TENANTS && !tenants.containsKey(name)) {
      cull();
    }
    return account(tenants, Scope.TENANT, name, listed, now);
  }

  private Account account(
      ConcurrentHashMap<String, Account> among,
      Scope scope,
      String name,
      boolean listed,
      long now) {
    Account known = among.get(name);
    while (known == null || !known.touch(now)) {
      // One that is being forgotten is gone after this, or stays.
      known = among.computeIfAbsent(name, fresh -> made(scope, fresh, listed ? null : others));
    }
    return known;
  }

  private Account made(Scope scope, String name, @Nullable Totals sums) {
    Account account = new Account(scope, name, sums, shared, ticker.nanos(), clock.epochMillis());
    listener.made(account);
    return account;
  }

  // ---- forgetting

  /** An account that nobody has used for so long; that it was used since would change the order. */
  private record Idle(Account account, long nanos) {}

  private synchronized void cull() {
    if (tenants.size() < MOST_TENANTS) {
      return;
    }
    long now = ticker.nanos();
    tenants.values().stream()
        .filter(each -> each.runningHere() == 0)
        .map(each -> new Idle(each, each.unusedNanos(now)))
        .sorted(Comparator.comparingLong(Idle::nanos).reversed())
        .limit(CULLED)
        .forEach(
            idle ->
                forget(
                    idle.account,
                    each -> each.runningHere() == 0 && each.unusedNanos(now) >= idle.nanos));
  }

  /** Forgets the accounts that a minute of silence has made as new ones. Once a minute. */
  public void sweep() {
    long now = ticker.nanos();
    long wall = clock.epochMillis();
    Predicate<Account> asNew =
        each ->
            each.unusedNanos(now) > TimeUnit.MINUTES.toNanos(1)
                && each.runningHere() == 0
                && each.asNew(now, wall);
    accounts().filter(asNew).forEach(each -> forget(each, asNew));
  }

  /** A pool is gone, and with it what was learnt of it. */
  public void poolGone(String name) {
    estimates.remove(name);
    Account account = pools.get(name);
    if (account != null) {
      forget(account, each -> true);
    }
  }

  /**
   * Forgets an account if it is still as the caller has found it. First it is marked, then looked
   * at: whoever uses it meanwhile is seen here, or sees the mark.
   */
  private void forget(Account account, Predicate<Account> still) {
    among(account.scope())
        .computeIfPresent(
            account.name(),
            (name, there) -> {
              if (there != account) {
                return there;
              }
              account.forgotten(true);
              if (!still.test(account)) {
                account.forgotten(false);
                return account;
              }
              listener.gone(account);
              return null;
            });
  }

  private ConcurrentHashMap<String, Account> among(Scope scope) {
    return switch (scope) {
      case TENANT -> tenants;
      case TENANT_POOL -> pairs;
      case POOL -> pools;
    };
  }

  // ---- for others to see

  /** What was charged and refused of all tenants whose names are not the operator's. */
  public Totals others() {
    return others;
  }

  /** How many accounts there are. */
  public int size() {
    return pools.size() + tenants.size() + pairs.size();
  }

  /** All accounts that there are, in no order. */
  public Stream<Account> accounts() {
    return Stream.of(pools, tenants, pairs).flatMap(each -> each.values().stream());
  }

  /** All accounts that there are: pools, then tenants, then these in pools, each by name. */
  public List<Account> all() {
    return Stream.of(pools, tenants, pairs)
        .map(ConcurrentHashMap::values)
        .map(Ledger::sorted)
        .flatMap(List::stream)
        .toList();
  }

  private static List<Account> sorted(Collection<Account> accounts) {
    return accounts.stream().sorted(Comparator.comparing(Account::name)).toList();
  }
}
