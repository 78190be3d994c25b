package dev.caravan.admin;

import dev.caravan.admin.access.Roles;
import dev.caravan.limit.Account;
import dev.caravan.limit.Ledger;
import dev.caravan.limit.Limit;
import dev.caravan.tenant.Quota;
import dev.caravan.time.Ticker;
import dev.caravan.time.WallClock;
import jakarta.annotation.security.RolesAllowed;
import jakarta.inject.Inject;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import java.util.ArrayList;
import java.util.List;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jspecify.annotations.Nullable;

/** What tenants and pools have used of their limits. */
@Path("/admin/limits")
@RolesAllowed({Roles.VIEWER, Roles.OPERATOR})
@Tag(name = "Limits")
public class LimitResource {
  private final Ledger ledger;
  private final Ticker ticker;
  private final WallClock clock;

  @Inject
  public LimitResource(Ledger ledger) {
    this(ledger, Ticker.system(), WallClock.system());
  }

  LimitResource(Ledger ledger, Ticker ticker, WallClock clock) {
    this.ledger = ledger;
    this.ticker = ticker;
    this.clock = clock;
  }

  /** All that something is used of; whoever is not there has used nothing. */
  public record Limits(List<Use> limits) {}

  /**
   * One tenant, pool, or tenant in a pool.
   *
   * @param scope {@code tenant}, {@code pool} or {@code tenant_pool}
   * @param name of a tenant in a pool both, as {@code acme:llama}
   * @param tokens what its requests have cost since it was first seen
   * @param limits what it may use, by kind; without those that it has not
   */
  public record Use(String scope, String name, long tokens, List<Of> limits) {}

  /**
   * One limit.
   *
   * @param limit {@code requests} and {@code tokens} are of a minute, {@code budget} is tokens of a
   *     month
   * @param used with what is reserved
   * @param resetsInSeconds when all of it is there again, if nobody uses it; null where that
   *     depends on those that run
   * @param refused requests that were refused for it
   */
  public record Of(
      String limit,
      long most,
      long used,
      long remaining,
      @Nullable Double resetsInSeconds,
      long refused) {}

  @GET
  @Produces(MediaType.APPLICATION_JSON)
  @Operation(summary = "What tenants and pools have used of their limits, and when it comes back")
  public Limits all() {
    return new Limits(ledger.all().stream().map(this::use).toList());
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
