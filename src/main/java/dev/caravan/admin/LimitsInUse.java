package dev.caravan.admin;

import dev.caravan.admin.LimitResource.Of;
import dev.caravan.admin.LimitResource.Use;
import dev.caravan.limit.Account;
import dev.caravan.limit.Ledger;
import dev.caravan.limit.Limit;
import dev.caravan.tenant.Quota;
import dev.caravan.time.Ticker;
import dev.caravan.time.WallClock;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What tenants and pools have used of their limits, for people. Safe for any thread. */
public final class LimitsInUse {
  /** How many the overview shows: what fits a screen, of ten thousand that there may be. */
  static final int SHOWN = 20;

  private static final Comparator<Use> NEAREST =
      Comparator.comparingDouble(LimitsInUse::nearness)
          .reversed()
          .thenComparing(Use::scope)
          .thenComparing(Use::name);

  private final Ledger ledger;
  private final Ticker ticker;
  private final WallClock clock;

  /** Of that ledger. */
  public LimitsInUse(Ledger ledger, Ticker ticker, WallClock clock) {
    this.ledger = ledger;
    this.ticker = ticker;
    this.clock = clock;
  }

  /** All of them: pools, then tenants, each by name. */
  List<Use> all() {
    return ledger.all().stream().map(this::use).toList();
  }

  /** Those that are nearest to one of their limits. */
  Overview.LimitsNow nearest() {
    List<Use> nearest = ledger.accounts().map(this::use).sorted(NEAREST).limit(SHOWN).toList();
    return new Overview.LimitsNow(Math.max(ledger.size(), nearest.size()), nearest);
  }

  private static double nearness(Use use) {
    return use.limits().stream().mapToDouble(of -> (double) of.used() / of.most()).max().orElse(0);
  }

  private Use use(Account account) {
    Quota quota = account.quota();
    long now = ticker.nanos();
    long wall = clock.epochMillis();
    List<Of> all = new ArrayList<>();
    if (quota.requestsPerMinute() > 0) {
      long left = account.remainingRequests(now);
      double resets = account.requestsFullNanos(now) / 1e9;
      all.add(of(account, Limit.REQUESTS, quota.requestsPerMinute(), left, resets));
    }
    if (quota.tokensPerMinute() > 0) {
      long left = account.remainingTokens(now);
      double resets = account.tokensFullNanos(now) / 1e9;
      all.add(of(account, Limit.TOKENS, quota.tokensPerMinute(), left, resets));
    }
    if (quota.concurrentRequests() > 0) {
      long left = (long) quota.concurrentRequests() - account.running();
      all.add(of(account, Limit.CONCURRENT, quota.concurrentRequests(), left, null));
    }
    if (quota.tokensPerMonth() > 0) {
      long left = quota.tokensPerMonth() - account.usedThisMonth(wall);
      double resets = (account.monthEndMillis(wall) - wall) / 1e3;
      all.add(of(account, Limit.BUDGET, quota.tokensPerMonth(), left, resets));
    }
    return new Use(account.scope().label(), account.name(), account.totals().charged(), all);
  }

  private static Of of(
      Account account, Limit limit, long most, long left, @Nullable Double resetsInSeconds) {
    return new Of(
        limit.label(),
        most,
        most - left,
        Math.max(0, left),
        resetsInSeconds,
        account.totals().refused(limit));
  }
}
