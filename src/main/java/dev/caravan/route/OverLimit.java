package dev.caravan.route;

import dev.caravan.ingress.ClientError;
import dev.caravan.limit.Limit;
import dev.caravan.limit.Refusal;
import java.util.Locale;

/** A request is over a limit of its tenant or of its pool. Carries no stack trace. */
final class OverLimit extends Exception {
  private static final long serialVersionUID = 1L;

  /** When to come again where that depends on others' ends; chosen without experiment. */
  private static final long A_MOMENT = 1_000;

  private final transient Refusal refusal;

  OverLimit(Refusal refusal) {
    super(
        refusal.account()
            + " is over its limit of "
            + refusal.most()
            + " "
            + words(refusal.by())
            + (refusal.never() ? ", whenever it comes" : ""),
        null,
        false,
        false);
    this.refusal = refusal;
  }

  private static String words(Limit limit) {
    return switch (limit) {
      case REQUESTS -> "requests a minute";
      case TOKENS -> "tokens a minute";
      case CONCURRENT -> "requests at a time";
      case BUDGET -> "tokens a month";
    };
  }

  /** What the client is told: the shapes and codes of OpenAI. */
  ClientError error() {
    String whose =
        switch (refusal.account().scope()) {
          case TENANT -> "Your limit";
          case TENANT_POOL -> "Your limit for this model";
          case POOL -> "This model's limit";
        };
    String limit = whose + " is " + refusal.most() + " " + words(refusal.by());
    if (refusal.never()) {
      return error(
          Limit.TOKENS,
          "The request is too large: "
              + limit
              + ", and it may need "
              + refusal.asked()
              + ". Shorten the prompt, or lower the most tokens that it asks for.",
          -1);
    }
    if (refusal.by() == Limit.BUDGET) {
      return error(refusal.by(), limit + ", and the rest does not suffice.", -1);
    }
    if (refusal.by() == Limit.CONCURRENT) {
      return error(refusal.by(), limit + ", and as many run.", A_MOMENT);
    }
    long millis = (refusal.waitNanos() + 999_999) / 1_000_000;
    return error(
        refusal.by(),
        limit
            + (refusal.by() == Limit.TOKENS ? ", and it may need " + refusal.asked() : "")
            + String.format(Locale.ROOT, ". Try again in %.3f s.", millis / 1e3),
        millis);
  }

  private static ClientError error(Limit by, String message, long retryAfterMillis) {
    boolean budget = by == Limit.BUDGET;
    String type =
        budget ? ClientError.QUOTA : by == Limit.TOKENS ? ClientError.TOKENS : ClientError.REQUESTS;
    return new ClientError(
        429,
        type,
        message,
        null,
        budget ? ClientError.QUOTA : "rate_limit_exceeded",
        retryAfterMillis,
        null);
  }
}
