package dev.caravan.upstream;

import dev.caravan.outcome.Outcome;

/**
 * An attempt that ended before the first byte of an answer: another server may be tried. Carries
 * the outcome that the lease was or will be closed with, and no stack trace.
 */
public final class UpstreamFailure extends Exception {
  private static final long serialVersionUID = 1L;

  private final transient Outcome outcome;
  private final boolean sent;

  /**
   * A failure to tell the balancer.
   *
   * @param sent whether anything went out to the server; false where the breaker forbade it
   */
  public UpstreamFailure(Outcome outcome, boolean sent) {
    super(outcome.detail(), null, false, false);
    this.outcome = outcome;
    this.sent = sent;
  }

  /**
   * As {@link #UpstreamFailure(Outcome, boolean)}, with more to say than the outcome does.
   *
   * @param message for the operator
   */
  public UpstreamFailure(Outcome outcome, boolean sent, String message) {
    super(message, null, false, false);
    this.outcome = outcome;
    this.sent = sent;
  }

  public Outcome outcome() {
    return outcome;
  }

  /** Whether the server was bothered, so that this counts as an attempt. */
  public boolean sent() {
    return sent;
  }
}
