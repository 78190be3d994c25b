package dev.caravan.tracing;

import dev.caravan.outcome.Outcome;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.StatusCode;

/** What a span says of how it ended. */
final class Ends {
  private Ends() {}

  /**
   * Tells a span how it ended, in the words of the metrics.
   *
   * @param status what was answered, or 0
   * @param errorFrom the lowest status that is an error: 400 for whoever asks, 500 for whoever is
   *     asked
   */
  static void tell(Span span, Outcome outcome, int status, int errorFrom) {
    span.setAttribute(Keys.OUTCOME, outcome.label());
    String error = error(outcome, status, errorFrom);
    if (!error.isEmpty()) {
      span.setAttribute(Keys.ERROR, error);
      span.setStatus(StatusCode.ERROR, outcome.detail());
    }
  }

  /** What went wrong, a word of a fixed set or a status; empty where nothing did. */
  private static String error(Outcome outcome, int status, int errorFrom) {
    if (outcome instanceof Outcome.Completed done) {
      return done.status() >= errorFrom ? Integer.toString(done.status()) : "";
    }
    if (outcome instanceof Outcome.FailedBefore failed) {
      return failed.cause().label();
    }
    if (outcome instanceof Outcome.FailedAfter failed) {
      return failed.cause().label();
    }
    if (outcome instanceof Outcome.Refused && status >= 400 && status < errorFrom) {
      return ""; // it asked for what there is not
    }
    // Nobody failed where somebody left, or another one was faster.
    return outcome instanceof Outcome.ClientGone || outcome instanceof Outcome.Superseded
        ? ""
        : outcome.label();
  }

  /** The status of the server's answer, or 0. */
  static int status(Outcome outcome) {
    if (outcome instanceof Outcome.Completed done) {
      return done.status();
    }
    return outcome instanceof Outcome.Throttled throttled ? throttled.status() : 0;
  }
}
