package dev.caravan.upstream;

import dev.caravan.outcome.Outcome;
import dev.caravan.outcome.Outcome.Cause;
import org.jspecify.annotations.Nullable;

/** Which answers are not the client's: another server may well answer otherwise. */
final class Elsewhere {

  private Elsewhere() {}

  /**
   * What such an answer comes to, or null for one that goes to the client as it is.
   *
   * @param asClient whether the server was asked with the client's own credentials: then what it
   *     says of them, and of what they may use, is the client's, and nothing of the server
   */
  static @Nullable Outcome outcome(ResponseHead head, boolean asClient) {
    if (asClient && head.status() < 500) {
      return null;
    }
    return switch (head.status()) {
      case 429 -> new Outcome.Throttled(429, head.retryAfterMillis());
      case 502, 503, 504 ->
          new Outcome.FailedBefore(Cause.STATUS, status(head), head.retryAfterMillis());
      // The key is that of the gateway: its clients are not at fault.
      case 401, 402, 403 -> new Outcome.FailedBefore(Cause.CREDENTIALS, status(head));
      default -> null;
    };
  }

  private static String status(ResponseHead head) {
    return "status " + head.status();
  }
}
