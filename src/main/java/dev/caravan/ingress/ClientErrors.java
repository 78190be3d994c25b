package dev.caravan.ingress;

import dev.caravan.outcome.Outcome;

/** The error that ends a stream whose server failed. */
final class ClientErrors {

  private ClientErrors() {}

  /** What the last event of a broken stream says. */
  static ClientError midStream(Outcome how) {
    boolean late =
        how instanceof Outcome.FailedAfter failed
            && switch (failed.cause()) {
              case IDLE_TIMEOUT, TOTAL_TIMEOUT -> true;
              default -> false;
            };
    return new ClientError(
        late ? 504 : 502,
        ClientError.SERVER,
        late
            ? "The model server stopped sending; the answer is not complete."
            : "The model server failed; the answer is not complete.",
        null,
        late ? "stream_timeout" : "stream_interrupted",
        -1,
        null);
  }
}
