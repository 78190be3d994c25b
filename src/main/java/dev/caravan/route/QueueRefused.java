package dev.caravan.route;

import dev.caravan.admission.QueueRefusal;
import dev.caravan.ingress.ClientError;

/** A request may not wait for its pool, or not any longer. Carries no stack trace. */
final class QueueRefused extends Exception {
  private static final long serialVersionUID = 1L;

  private final transient QueueRefusal refusal;

  QueueRefused(String pool, QueueRefusal refusal) {
    super(
        "pool "
            + pool
            + ", "
            + refusal.waiting()
            + " waiting: "
            + switch (refusal.why()) {
              case FULL -> "the queue is full";
              case SHARE -> "the queue is full, and more of it are of this tenant than of others";
              case DEADLINE -> "no turn is likely in the time that the request has";
              case TIMEOUT -> "no turn came in the time that the request had";
              case GONE -> "the client has left";
            },
        null,
        false,
        false);
    this.refusal = refusal;
  }

  /** What the client is told: when its turn would have come is when to come again. */
  ClientError error() {
    long millis = Math.max(1_000, refusal.expectedMillis());
    long seconds = (millis + 999) / 1_000;
    return switch (refusal.why()) {
      case FULL -> unavailable("Too many requests wait for this model.", "queue_full", seconds);
      case SHARE ->
          new ClientError(
              429,
              ClientError.REQUESTS,
              "Too many requests wait for this model, and more of them are yours than of others.",
              null,
              "queue_share",
              seconds * 1_000,
              null);
      case DEADLINE ->
          unavailable("The request would wait for longer than it may.", "queue_deadline", seconds);
      case TIMEOUT, GONE ->
          unavailable("The request has waited for as long as it may.", "queue_timeout", seconds);
    };
  }

  private static ClientError unavailable(String message, String code, long seconds) {
    return ClientError.unavailable(message, null, code, seconds);
  }
}
