package dev.caravan.ingress;

import dev.caravan.outcome.Outcome;
import dev.caravan.outcome.Outcome.Cause;

/** The error that ends a stream whose server failed. */
final class ClientErrors {

  private ClientErrors() {}

  /** What the last event of a broken stream says. */
  static ClientError midStream(Outcome how) {
    boolean allowed = how instanceof Outcome.FailedAfter f && f.cause() == Cause.CLIENT_LIMIT;
    boolean late =
        how instanceof Outcome.FailedAfter failed
            && switch (failed.cause()) {
              case IDLE_TIMEOUT, TOTAL_TIMEOUT, CLIENT_LIMIT -> true;
              default -> false;
            };
    return new ClientError(
        late ? 504 : 502,
        ClientError.SERVER,
        allowed
            ? "The time that the request allows is over; the answer is not complete."
            : late
                ? "The model server stopped sending; the answer is not complete."
                : "The model server failed; the answer is not complete.",
        null,
        late ? "stream_timeout" : "stream_interrupted",
        -1,
        null);
  }
}
