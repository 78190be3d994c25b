package dev.caravan.limit;

import dev.caravan.limit.Reservation.Claim;
import dev.caravan.tenant.Quota;
import dev.caravan.time.Ticker;
import dev.caravan.time.WallClock;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The accounts of all tenants and pools that have limits. Safe for any thread; taking waits for
 * nobody.
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
  }

  private final Ticker ticker;
  private final WallClock clock;
  private final Listener listener;
  private final ConcurrentHashMap<String, Account> tenants = new ConcurrentHashMap<>();
  private final ConcurrentHashMap<String, Account> pools = new ConcurrentHashMap<>();
  private final Totals others = new Totals();
  private final ConcurrentHashMap<String, Estimate> estimates = new ConcurrentHashMap<>();

  public Ledger(Ticker ticker, WallClock clock, Listener listener) {
    this.ticker = ticker;
    this.clock = clock;
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
    boolean ofTenant = limited(tenantQuota);
    boolean ofPool = limited(poolQuota);
    if (!ofTenant && !ofPool) {
      return null;
    }
    Estimate estimate = estimate(pool);
    long prompt = estimate.prompt(guessed);
    long stated = prompt + (answered ? Math.max(0, maxTokens) : 0);
    long likely = answered && maxTokens < 0 ? prompt + estimate.answer() : stated;
    return new Reservation(
        this,
        ofTenant ? new Claim(tenant(tenant, listed), tenantQuota) : null,
        ofPool ? new Claim(pool(pool), poolQuota) : null,
        estimate,
        guessed,
        prompt,
        stated,
        likely);
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

  private Account tenant(String name, boolean listed) {
    Account known = tenants.get(name);
    if (known != null) {
      return known;
    }
    if (tenants.size() >= MOST_TENANTS) {
      cull();
    }
    return tenants.computeIfAbsent(name, fresh -> made(fresh, false, listed ? null : others));
  }

  private Account pool(String name) {
    Account known = pools.get(name);
    return known != null ? known : pools.computeIfAbsent(name, fresh -> made(fresh, true, null));
  }

  private Account made(String name, boolean pool, @Nullable Totals sums) {
    Account account = new Account(name, pool, sums, ticker.nanos(), clock.epochMillis());
    listener.made(account);
    return account;
  }

  // ---- forgetting

  private synchronized void cull() {
    if (tenants.size() < MOST_TENANTS) {
      return;
    }
    long now = ticker.nanos();
    tenants.values().stream()
        .filter(each -> each.runningHere() == 0)
        .sorted(Comparator.comparingLong(each -> -each.unusedNanos(now)))
        .limit(CULLED)
        .forEach(this::forget);
  }

  /** Forgets the accounts that a minute of silence has made as new ones. Once a minute. */
  public void sweep() {
    long now = ticker.nanos();
    long wall = clock.epochMillis();
    for (Account each : (Iterable<Account>) accounts()::iterator) {
      if (each.unusedNanos(now) > TimeUnit.MINUTES.toNanos(1) && each.asNew(now, wall)) {
        forget(each);
      }
    }
  }

  /** A pool is gone, and with it what was learnt of it. */
  public void poolGone(String name) {
    estimates.remove(name);
    Account account = pools.get(name);
    if (account != null) {
      forget(account);
    }
  }

  private void forget(Account account) {
    ConcurrentHashMap<String, Account> from = account.pool() ? pools : tenants;
    if (from.remove(account.name(), account)) {
      listener.gone(account);
    }
  }

  // ---- for others to see

  /** What was charged and refused of all tenants whose names are not the operator's. */
  public Totals others() {
    return others;
  }

  /** How many accounts there are. */
  public int size() {
    return pools.size() + tenants.size();
  }

  /** All accounts that there are, in no order. */
  public Stream<Account> accounts() {
    return Stream.concat(pools.values().stream(), tenants.values().stream());
  }

  /** All accounts that there are: pools, then tenants, each by name. */
  public List<Account> all() {
    return Stream.of(pools, tenants)
        .map(ConcurrentHashMap::values)
        .map(Ledger::sorted)
        .flatMap(List::stream)
        .toList();
  }

  private static List<Account> sorted(Collection<Account> accounts) {
    return accounts.stream().sorted(Comparator.comparing(Account::name)).toList();
  }
}
