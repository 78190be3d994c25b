package dev.caravan.telemetry;

import dev.caravan.limit.Account;
import dev.caravan.limit.Ledger;
import dev.caravan.limit.Limit;
import dev.caravan.limit.Totals;
import dev.caravan.time.Ticker;
import dev.caravan.time.WallClock;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What is measured of limits. Tenants whose names come from the operator's files have series of
 * their own; all others are one sum. Safe for any thread.
 */
public final class LimitMeters implements Ledger.Listener {
  private static final String OTHERS = "(others)";

  private final MeterRegistry registry;
  private final Ticker ticker;
  private final WallClock clock;
  private final ConcurrentHashMap<Account, List<Meter>> meters = new ConcurrentHashMap<>();

  public LimitMeters(MeterRegistry registry, Ticker ticker, WallClock clock) {
    this.registry = registry;
    this.ticker = ticker;
    this.clock = clock;
  }

  /** Measures the sum of the tenants that have no series of their own. */
  public void watch(Ledger ledger) {
    count(ledger.others(), Tags.of("scope", "tenant", "name", OTHERS));
    Gauge.builder("caravan.limits.accounts", ledger, Ledger::size)
        .description("Tenants and pools of whose limits something is used")
        .register(registry);
  }

  @Override
  public void made(Account account) {
    if (!account.listed()) {
      return;
    }
    Tags tags = Tags.of("scope", account.scope().label(), "name", account.name());
    List<Meter> all = count(account.totals(), tags);
    for (Limit limit : Limit.values()) {
      all.add(
          Gauge.builder("caravan.limits.used.ratio", account, each -> used(each, limit))
              .description("How much of a limit is in use, from 0 to 1; NaN where there is none")
              .tags(tags.and("limit", limit.label()))
              .register(registry));
    }
    meters.put(account, all);
  }

  private List<Meter> count(Totals totals, Tags tags) {
    List<Meter> all = new ArrayList<>();
    all.add(
        FunctionCounter.builder("caravan.limits.tokens", totals, Totals::charged)
            .description("Tokens that requests with limits cost")
            .tags(tags)
            .register(registry));
    for (Limit limit : Limit.values()) {
      all.add(
          FunctionCounter.builder("caravan.limits.refused", totals, each -> each.refused(limit))
              .description("Requests that were refused for a limit")
              .tags(tags.and("limit", limit.label()))
              .register(registry));
    }
    return all;
  }

  private double used(Account account, Limit limit) {
    long now = ticker.nanos();
    return switch (limit) {
      case REQUESTS ->
          ratio(account.quota().requestsPerMinute(), account.remainingRequests(now), true);
      case TOKENS -> ratio(account.quota().tokensPerMinute(), account.remainingTokens(now), true);
      case CONCURRENT -> ratio(account.quota().concurrentRequests(), account.running(), false);
      case BUDGET ->
          ratio(
              account.quota().tokensPerMonth(), account.usedThisMonth(clock.epochMillis()), false);
    };
  }

  private static double ratio(long most, long count, boolean left) {
    return most == 0 ? Double.NaN : (double) (left ? most - count : count) / most;
  }

  @Override
  public void gone(Account account) {
    List<Meter> known = meters.remove(account);
    if (known != null) {
      known.forEach(registry::remove);
    }
  }
}
