package dev.caravan.route;

import dev.caravan.ingress.ClientError;
import dev.caravan.ingress.Refusal;
import dev.caravan.outcome.Outcome;
import dev.caravan.time.LogThrottle;
import dev.caravan.time.Ticker;
import dev.caravan.upstream.Call;
import dev.caravan.upstream.UpstreamFailure;
import org.apache.camel.Exchange;
import org.apache.camel.Processor;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * The bean {@code error-answer}: turns whatever ended a request into an answer for the client, and
 * tells the operator why. What a client could provoke at will is told at most once a second, each
 * kind by itself, so that the many do not hide the telling one.
 */
public final class ErrorAnswer implements Processor {
  private static final Logger LOG = Logger.getLogger(ErrorAnswer.class);

  /** OpenAI's clients do not come again at all where they are told to wait longer. */
  private static final long LONGEST_WAIT_MILLIS = 120_000;

  /** The code of an error that says: wait, and come again; some server is well. */
  static final String NO_BACKGROUND_ROOM = "no_background_room";

  private final Ticker ticker;
  private final LogThrottle nobodyEligible;
  private final LogThrottle attemptsFailed;
  private final LogThrottle notRetried;
  private final LogThrottle overLimit;
  private final LogThrottle queueRefused;

  public ErrorAnswer(Ticker ticker) {
    this.ticker = ticker;
    nobodyEligible = new LogThrottle(ticker);
    attemptsFailed = new LogThrottle(ticker);
    notRetried = new LogThrottle(ticker);
    overLimit = new LogThrottle(ticker);
    queueRefused = new LogThrottle(ticker);
  }

  @Override
  public void process(Exchange exchange) {
    @Nullable Throwable failure = exchange.getProperty(Exchange.EXCEPTION_CAUGHT, Throwable.class);
    @Nullable Call call = exchange.getIn().getBody() instanceof Call asked ? asked : null;
    exchange.getMessage().setBody(refusal(failure, call));
  }

  private Refusal refusal(@Nullable Throwable failure, @Nullable Call call) {
    String id = call == null ? "?" : call.requestId();
    if (failure instanceof NoSuchModel) {
      return new Refusal(ClientError.noSuchModel(), new Outcome.Refused("no such model"));
    }
    if (failure instanceof OverLimit over) {
      throttled(overLimit, id, String.valueOf(over.getMessage()));
      return new Refusal(over.error(), new Outcome.Refused(String.valueOf(over.getMessage())));
    }
    if (failure instanceof QueueRefused refused) {
      throttled(queueRefused, id, String.valueOf(refused.getMessage()));
      return new Refusal(
          refused.error(), new Outcome.Refused(String.valueOf(refused.getMessage())));
    }
    if (failure instanceof NobodyEligible nobody && nobody.roomless()) {
      // No failure and no news: whoever sends background work is told so all the time.
      return new Refusal(
          ClientError.unavailable(
              "There is no room for background work now.", null, NO_BACKGROUND_ROOM, 1),
          new Outcome.Refused(String.valueOf(nobody.getMessage())));
    }
    if (failure instanceof NobodyEligible nobody) {
      throttled(
          nobodyEligible, id, "pool " + nobody.pool() + " has no server: " + nobody.getMessage());
      long wait = Math.min(nobody.againInMillis(ticker.nanos()), LONGEST_WAIT_MILLIS);
      return new Refusal(
          nobody.throttled()
              ? ClientError.of(new Outcome.Throttled(429, wait))
              : unavailable(nobody, (wait + 999) / 1000),
          new Outcome.Refused(String.valueOf(nobody.getMessage())));
    }
    if (failure instanceof UpstreamFailure upstream) {
      if (!(upstream.outcome() instanceof Outcome.ClientGone)) {
        String pool = call == null ? "?" : call.pool();
        throttled(
            upstream.retryRefused() ? notRetried : attemptsFailed,
            id,
            "pool " + pool + ", all attempts failed, the last: " + upstream.getMessage());
      }
      return new Refusal(ClientError.of(upstream.outcome()), upstream.outcome());
    }
    LOG.errorf(failure, "Request %s failed in the routes", id);
    // The message may quote what a client sent; the log above has it once, the books need not.
    return new Refusal(
        ClientError.internal(),
        new Outcome.FailedBefore(
            Outcome.Cause.GATEWAY,
            failure == null ? "no reason" : failure.getClass().getSimpleName()));
  }

  private static ClientError unavailable(NobodyEligible nobody, long seconds) {
    String home = nobody.home();
    if (home == null) {
      return ClientError.unavailable("No server of this model can take the request now.", seconds);
    }
    return nobody.stored()
        ? ClientError.unavailable(
            "The server that stores the response before, " + home + ", is gone or out for now.",
            "previous_response_id",
            "previous_response_unavailable",
            seconds)
        : ClientError.unavailable(
            "The server of this conversation, "
                + home
                + ", cannot take the request now, and no other may.",
            null,
            "conversation_home_unavailable",
            seconds);
  }

  private static void throttled(LogThrottle throttle, String id, String reason) {
    int suppressed = throttle.enter();
    if (suppressed >= 0) {
      LOG.warnf(
          "Request %s: %s%s",
          id, reason, suppressed == 0 ? "" : " (and " + suppressed + " more like it)");
    }
  }
}
