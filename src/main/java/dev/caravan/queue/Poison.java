package dev.caravan.queue;

import dev.caravan.request.InvalidRequest;

/**
 * A message that can never be answered, however often it is delivered: a dead letter. The text is
 * for the operator, one sentence without the sender's own words. Carries no stack trace.
 */
final class Poison extends Exception {
  private static final long serialVersionUID = 1L;

  /** Why; a fixed set, for metrics. */
  enum Reason {
    /** It has no bytes that could be read: a serialized object, say. */
    UNREADABLE("unreadable"),
    /** It is no JSON, or no object, or lacks what every job has. */
    INVALID_MESSAGE("invalid_message"),
    /** Its url is not one that is served. */
    UNKNOWN_URL("unknown_url"),
    /** Its body is no request. */
    INVALID_REQUEST("invalid_request"),
    /** No pool answers for its model. */
    UNKNOWN_MODEL("unknown_model"),
    TOO_LARGE("too_large"),
    /** A header says something that it must not. */
    HEADER("invalid_header"),
    /** Its answer is wanted where answers must not go. */
    REPLY_TO("reply_to"),
    /** It was delivered again and again, and nobody ever got to its end. */
    DELIVERIES("too_many_deliveries"),
    /** The routes fail at it, again and again. */
    ROUTES("failed_in_routes");

    private final String label;

    Reason(String label) {
      this.label = label;
    }

    String label() {
      return label;
    }
  }

  private final Reason reason;

  Poison(Reason reason, String detail) {
    super(detail, null, false, false);
    this.reason = reason;
  }

  /** A request that no model server would get. */
  static Poison of(InvalidRequest fault) {
    return new Poison(Reason.INVALID_REQUEST, fault.getMessage());
  }

  Reason reason() {
    return reason;
  }

  String detail() {
    return String.valueOf(getMessage());
  }
}
