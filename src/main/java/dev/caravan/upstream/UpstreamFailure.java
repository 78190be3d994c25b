package dev.caravan.upstream;

import dev.caravan.outcome.Outcome;
import org.jspecify.annotations.Nullable;

/**
 * An attempt that ended before the first byte of an answer: another server may be tried. Carries
 * the outcome that the lease was or will be closed with, and no stack trace.
 */
public final class UpstreamFailure extends Exception {
  private static final long serialVersionUID = 1L;

  private final transient Outcome outcome;
  private final boolean sent;
  private final boolean retryRefused;

  /**
   * A failure to tell the balancer.
   *
   * @param sent whether anything went out to the server; false where the breaker forbade it
   */
  public UpstreamFailure(Outcome outcome, boolean sent) {
    this(outcome, sent, outcome.detail(), false);
  }

  /**
   * As {@link #UpstreamFailure(Outcome, boolean)}, where another attempt was due and not allowed.
   *
   * @param message for the operator
   */
  public static UpstreamFailure retryRefused(Outcome outcome, boolean sent, String message) {
    return new UpstreamFailure(outcome, sent, message, true);
  }

  private UpstreamFailure(
      Outcome outcome, boolean sent, @Nullable String message, boolean retryRefused) {
    super(message, null, false, false);
    this.outcome = outcome;
    this.sent = sent;
    this.retryRefused = retryRefused;
  }

  public Outcome outcome() {
    return outcome;
  }

  /** Whether another attempt was due, and something such as the retry budget forbade it. */
  public boolean retryRefused() {
    return retryRefused;
  }

  /** Whether the server was bothered, so that this counts as an attempt. */
  public boolean sent() {
    return sent;
  }
}
