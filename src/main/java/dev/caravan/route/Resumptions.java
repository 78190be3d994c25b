package dev.caravan.route;

import dev.caravan.outcome.Outcome;
import dev.caravan.resume.Resumer.Result;
import dev.caravan.telemetry.ResumptionMeters;
import dev.caravan.time.LogThrottle;
import dev.caravan.time.Ticker;
import dev.caravan.upstream.Call;
import org.jboss.logging.Logger;

/** Counts and logs what became of streams that broke off. Safe for any thread. */
public final class Resumptions {
  private static final Logger LOG = Logger.getLogger(Resumptions.class);

  private final ResumptionMeters meters;
  private final LogThrottle throttle;

  public Resumptions(ResumptionMeters meters, Ticker ticker) {
    this.meters = meters;
    this.throttle = new LogThrottle(ticker);
  }

  /**
   * A stream broke off.
   *
   * @param from the server that died
   * @param to the server that went on, or that could not; empty where there was none
   */
  void concluded(Call call, Result result, String from, String to, Outcome broken, String detail) {
    meters.count(call.pool(), result.label());
    int suppressed = throttle.enter();
    if (suppressed < 0) {
      return;
    }
    LOG.warnf(
        "Request %s: pool %s, the stream of %s broke off (%s): %s%s, %s%s",
        call.requestId(),
        call.pool(),
        from,
        broken.detail(),
        result.label(),
        to.isEmpty() ? "" : (result == Result.RESUMED ? " on " : " after ") + to,
        detail,
        suppressed == 0 ? "" : " (and " + suppressed + " more like it)");
  }
}
