package dev.caravan.limit;

import org.jspecify.annotations.Nullable;

/**
 * What one request has taken of all limits that hold for it, until its end is known. It ends once:
 * what comes later changes nothing. Of the request's event loop.
 */
public final class Reservation {
  /** More than any answer has; a server that says more is not believed. */
  private static final long MOST_TOKENS = 1_000_000_000;

  private final Ledger ledger;
  private final Hold[] holds;
  private final Estimate estimate;
  private final int guessed;
  private final long promptTokens;
  private final long tokens;
  private final @Nullable Refusal refusal;
  private boolean over;

  /**
   * Takes all that is needed, or nothing; then there is a {@link #refusal}.
   *
   * @param holds of which nothing is taken yet; in this order it is
   * @param guessed the prompt's tokens by its bytes
   * @param promptTokens the same as the pool's servers count, as far as is known
   * @param stated what the request itself says that it needs: the prompt, and the most that its
   *     client wants
   * @param likely what it is likely to need, from {@code stated}
   * @param nowNanos the time on the ledger's scale
   */
  Reservation(
      Ledger ledger,
      Hold[] holds,
      Estimate estimate,
      int guessed,
      long promptTokens,
      long stated,
      long likely,
      long nowNanos) {
    this.ledger = ledger;
    this.holds = holds;
    this.estimate = estimate;
    this.guessed = guessed;
    this.promptTokens = promptTokens;
    long most = Long.MAX_VALUE;
    for (Hold each : holds) {
      most = Math.min(most, each.most());
    }
    // What is only likely must not keep a request out for ever that may well fit.
    tokens = Math.max(stated, Math.min(likely, most));
    refusal = stated > most ? tooLarge() : take(nowNanos);
    over = refusal != null;
  }

  private Refusal tooLarge() {
    for (Hold each : holds) {
      if (tokens > Hold.orNone(each.quota.tokensPerMinute())) {
        return tooLarge(each, Limit.TOKENS, each.quota.tokensPerMinute());
      }
    }
    for (Hold each : holds) {
      if (tokens > Hold.orNone(each.quota.tokensPerMonth())) {
        return tooLarge(each, Limit.BUDGET, each.quota.tokensPerMonth());
      }
    }
    throw new IllegalStateException("larger than no limit");
  }

  private Refusal tooLarge(Hold by, Limit limit, long most) {
    by.account.usedBy(by.quota);
    by.account.refuse(limit);
    return new Refusal(limit, by.account, most, tokens, -1, true);
  }

  private @Nullable Refusal take(long nowNanos) {
    long epochMillis = months() ? ledger.epochMillis() : 0;
    for (int i = 0; i < holds.length; i++) {
      Refusal no = holds[i].take(tokens, nowNanos, epochMillis);
      if (no != null) {
        for (int taken = 0; taken < i; taken++) {
          holds[taken].giveBack(nowNanos);
        }
        return no;
      }
    }
    return null;
  }

  private boolean months() {
    for (Hold each : holds) {
      if (each.quota.tokensPerMonth() > 0) {
        return true;
      }
    }
    return false;
  }

  /** Why it was not taken; null where it was. */
  public @Nullable Refusal refusal() {
    return refusal;
  }

  /** The limits of one kind that hold for it, as they are now; null where there are none. */
  public @Nullable Account account(Scope scope) {
    for (Hold each : holds) {
      if (each.account.scope() == scope) {
        return each.account;
      }
    }
    return null;
  }

  /** Whether some limit counts tokens, so that what an answer cost must be known. */
  public boolean countsTokens() {
    for (Hold each : holds) {
      if (each.quota.tokensPerMinute() > 0 || each.quota.tokensPerMonth() > 0) {
        return true;
      }
    }
    return false;
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

  /**
   * The server has said what all of it cost, -1 for what it did not say; the pool's next requests
   * are estimated by that.
   */
  public void settle(long prompt, long completion) {
    if (!over) {
      estimate.learn(guessed, prompt, completion);
    }
    settle(believed(prompt) + believed(completion));
  }

  /** What counts of a number of tokens that a server has said. */
  public static long believed(long said) {
    return Math.max(0, Math.min(MOST_TOKENS, said));
  }

  /** It has cost so many tokens, as far as anybody knows. */
  public void settle(long cost) {
    if (over) {
      return;
    }
    over = true;
    long nowNanos = ledger.nowNanos();
    for (Hold each : holds) {
      each.settle(cost, nowNanos);
    }
  }

  /** Nobody has served it: it counts nowhere. */
  public void giveBack() {
    if (over) {
      return;
    }
    over = true;
    long nowNanos = ledger.nowNanos();
    for (Hold each : holds) {
      each.giveBack(nowNanos);
    }
  }
}
