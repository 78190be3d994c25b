package dev.caravan.health;

/**
 * When a server's breaker opens, for how long, and what closes it again. Immutable, compared by
 * value.
 *
 * @param window what the window counts
 * @param windowSize calls or seconds that the window holds, from 1
 * @param minimumCalls calls in the window before a rate is computed at all, from 1; at most {@code
 *     windowSize} where the window counts calls
 * @param failureRatePercent the share of failed calls that opens the breaker, above 0 and up to 100
 * @param waitOpenMillis how long it stays open before it lets trial calls through, from 1
 * @param halfOpenCalls trial calls, from 1; their failure rate decides whether it closes or opens
 * @param slowMillis a call is slow when its first byte took longer than this; {@link
 *     #NO_SLOW_CALLS} for never
 * @param slowRatePercent the share of slow calls that opens the breaker, above 0 and up to 100
 */
public record BreakerSettings(
    Window window,
    int windowSize,
    int minimumCalls,
    float failureRatePercent,
    long waitOpenMillis,
    int halfOpenCalls,
    long slowMillis,
    float slowRatePercent) {

  /** What the window of a breaker counts. */
  public enum Window {
    /** The last so many calls. */
    CALLS,
    /** The calls that ended in the last so many seconds. */
    SECONDS
  }

  /** No call is slow: 24 days, far beyond every timeout, and still an {@code int} of millis. */
  public static final long NO_SLOW_CALLS = Integer.MAX_VALUE;

  /*
   * The reasons. A model server answers a few calls a second at most, each worth seconds of GPU:
   *
   * - window of 20 calls: Camel's 100 would remember failures of minutes ago on a quiet server.
   * - minimum of 5: one or two failures are what a retry is for; at 5 with a rate of 50 %, three
   *   failures in five calls open it, so that a dead server costs three retries and not a hundred.
   * - 5 s open: Camel's 60 s keep a restarted server idle for a minute; a shorter wait would meet
   *   a server that still loads its weights with a trial call every moment. Chosen without
   *   experiment.
   * - 3 trial calls: one lucky answer is no evidence and one unlucky one is none either; with three
   *   at 50 %, two must agree.
   * - no slow calls: a long prompt is slow on a healthy server; timeouts and probes watch slowness.
   */
  /** What holds where a route says nothing. */
  public static final BreakerSettings DEFAULT =
      new BreakerSettings(Window.CALLS, 20, 5, 50, 5_000, 3, NO_SLOW_CALLS, 100);

  public BreakerSettings {
    atLeastOne("windowSize", windowSize);
    atLeastOne("minimumCalls", minimumCalls);
    percent("failureRatePercent", failureRatePercent);
    atLeastOne("waitOpenMillis", waitOpenMillis);
    atLeastOne("halfOpenCalls", halfOpenCalls);
    atLeastOne("slowMillis", slowMillis);
    percent("slowRatePercent", slowRatePercent);
    if (window == Window.CALLS && minimumCalls > windowSize) {
      // resilience4j would lower the minimum without a word.
      throw new IllegalArgumentException(
          "minimumCalls " + minimumCalls + " can never be reached in a window of " + windowSize);
    }
  }

  private static void atLeastOne(String what, long value) {
    if (value < 1) {
      throw new IllegalArgumentException(what + " " + value + " is less than 1");
    }
  }

  private static void percent(String what, float value) {
    if (!(value > 0 && value <= 100)) {
      throw new IllegalArgumentException(what + " " + value + " is not above 0 and up to 100");
    }
  }
}
