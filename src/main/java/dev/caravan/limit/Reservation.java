package dev.caravan.limit;

import dev.caravan.tenant.Quota;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What one request has taken of the limits of its tenant and of its pool, until its end is known.
 * It ends once: what comes later changes nothing. Of the request's event loop.
 */
public final class Reservation {
  private final Ledger ledger;
  private final @Nullable Hold tenant;
  private final @Nullable Hold pool;
  private final Estimate estimate;
  private final int guessed;
  private final long promptTokens;
  private final long tokens;
  private @Nullable Refusal refusal;
  private boolean over;

  /**
   * Takes all that is needed, or nothing; then there is a {@link #refusal}.
   *
   * @param guessed the prompt's tokens by its bytes
   * @param promptTokens the same as the pool's servers count, as far as is known
   * @param stated what the request itself says that it needs: the prompt, and the most that its
   *     client wants
   * @param likely what it is likely to need, from {@code stated}
   */
  Reservation(
      Ledger ledger,
      @Nullable Claim tenantClaim,
      @Nullable Claim poolClaim,
      Estimate estimate,
      int guessed,
      long promptTokens,
      long stated,
      long likely) {
    this.ledger = ledger;
    this.estimate = estimate;
    this.guessed = guessed;
    this.promptTokens = promptTokens;
    long most = Math.min(most(tenantClaim), most(poolClaim));
    // What is only likely must not keep a request out for ever that may well fit.
    tokens = Math.max(stated, Math.min(likely, most));
    tenant = tenantClaim == null ? null : tenantClaim.hold(tokens);
    pool = poolClaim == null ? null : poolClaim.hold(tokens);
    refusal = stated > most ? tooLarge() : take();
    over = refusal != null;
  }

  /** Whose limits, and which. */
  record Claim(Account account, Quota quota) {
    Hold hold(long tokens) {
      return new Hold(account, quota, tokens);
    }
  }

  private static long most(@Nullable Claim claim) {
    if (claim == null) {
      return Long.MAX_VALUE;
    }
    return Math.min(orNone(claim.quota.tokensPerMinute()), orNone(claim.quota.tokensPerMonth()));
  }

  private static long orNone(long limit) {
    return limit == 0 ? Long.MAX_VALUE : limit;
  }

  private Refusal tooLarge() {
    Hold by = tenant != null && tokens > orNone(tenant.quota.tokensPerMinute()) ? tenant : null;
    if (by == null && pool != null && tokens > orNone(pool.quota.tokensPerMinute())) {
      by = pool;
    }
    boolean minute = by != null;
    if (by == null) {
      by = tenant != null && tokens > orNone(tenant.quota.tokensPerMonth()) ? tenant : pool;
    }
    Hold whose = Objects.requireNonNull(by);
    Limit limit = minute ? Limit.TOKENS : Limit.BUDGET;
    long most = minute ? whose.quota.tokensPerMinute() : whose.quota.tokensPerMonth();
    whose.account.used(whose.quota, ledger.nowNanos());
    whose.account.refuse(limit);
    return new Refusal(limit, whose.account, most, tokens, -1, true);
  }

  private @Nullable Refusal take() {
    long nowNanos = ledger.nowNanos();
    boolean months = months(tenant) || months(pool);
    long epochMillis = months ? ledger.epochMillis() : 0;
    Refusal no = tenant == null ? null : tenant.take(nowNanos, epochMillis);
    if (no != null || pool == null) {
      return no;
    }
    no = pool.take(nowNanos, epochMillis);
    if (no != null && tenant != null) {
      tenant.giveBack(nowNanos);
    }
    return no;
  }

  private static boolean months(@Nullable Hold hold) {
    return hold != null && hold.quota.tokensPerMonth() > 0;
  }

  /** Why it was not taken; null where it was. */
  public @Nullable Refusal refusal() {
    return refusal;
  }

  /** The limits of the tenant, as they are now; null where it has none. */
  public @Nullable Account tenant() {
    return tenant == null ? null : tenant.account;
  }

  /** The limits of the pool, as they are now; null where it has none. */
  public @Nullable Account pool() {
    return pool == null ? null : pool.account;
  }

  /** Whether some limit counts tokens, so that what an answer cost must be known. */
  public boolean countsTokens() {
    return counts(tenant) || counts(pool);
  }

  private static boolean counts(@Nullable Hold hold) {
    return hold != null && (hold.quota.tokensPerMinute() > 0 || hold.quota.tokensPerMonth() > 0);
  }

  /** The prompt's tokens, as far as was known when it came. */
  public long promptTokens() {
    return promptTokens;
  }

  /** What is reserved. */
  public long tokens() {
    return tokens;
  }

  /** The time on the ledger's scale. */
  public long nowNanos() {
    return ledger.nowNanos();
  }

  // ---- its end

  /** The server has said what it cost; the pool's next requests are estimated by that. */
  public void settle(long prompt, long completion) {
    if (!over) {
      estimate.learn(guessed, prompt, completion);
    }
    settle(Math.max(0, prompt) + Math.max(0, completion));
  }

  /** It has cost so many tokens, as far as anybody knows. */
  public void settle(long cost) {
    if (over) {
      return;
    }
    over = true;
    long nowNanos = ledger.nowNanos();
    if (tenant != null) {
      tenant.settle(cost, nowNanos);
    }
    if (pool != null) {
      pool.settle(cost, nowNanos);
    }
  }

  /** Nobody has served it: it counts nowhere. */
  public void giveBack() {
    if (over) {
      return;
    }
    over = true;
    long nowNanos = ledger.nowNanos();
    if (tenant != null) {
      tenant.giveBack(nowNanos);
    }
    if (pool != null) {
      pool.giveBack(nowNanos);
    }
  }
}
