package dev.caravan.route;

import dev.caravan.fleet.Lease;
import dev.caravan.outcome.Outcome;
import dev.caravan.outcome.Outcome.Cause;
import dev.caravan.request.InferenceRequest;
import dev.caravan.resume.ResumableAnswer;
import dev.caravan.resume.Resumer;
import dev.caravan.select.Tried;
import dev.caravan.upstream.Answer;
import dev.caravan.upstream.AnswerReceiver;
import dev.caravan.upstream.Call;
import dev.caravan.upstream.UpstreamFailure;
import org.apache.camel.Exchange;
import org.apache.camel.support.ExchangeHelper;

/**
 * Sends a request whose answer broke off through the steps of its balancer again, to servers that
 * have not had it. One for each request of a pool that resumes; of the call's event loop.
 */
final class Resumption implements Resumer {
  private final ServerBalancer balancer;
  private final Resumptions results;
  private final Call call;

  /** The exchange as it was when the answer began: the original is over when it breaks off. */
  private final Exchange begun;

  private Tried tried;
  private Offer offer;
  private String server;

  private Resumption(
      ServerBalancer balancer,
      Resumptions results,
      Call call,
      Exchange begun,
      Tried tried,
      Offer offer) {
    this.balancer = balancer;
    this.results = results;
    this.call = call;
    this.begun = begun;
    this.tried = tried;
    this.offer = offer;
    this.server = holder(call);
  }

  /**
   * Makes the answer that the balancer's steps left on the exchange resumable, if it can be.
   *
   * @param tried the servers of the offer that have had the request
   */
  static void offer(
      ServerBalancer balancer,
      Resumptions results,
      Call call,
      Exchange exchange,
      Tried tried,
      Offer offer) {
    if (exchange.getMessage().getBody() instanceof Answer answer
        && ResumableAnswer.possible(answer, call)) {
      Exchange begun = ExchangeHelper.createCopy(exchange, false);
      Resumption resumption = new Resumption(balancer, results, call, begun, tried, offer);
      exchange.getMessage().setBody(new ResumableAnswer(answer, call, resumption));
      balancer.mayComeBack(call);
    }
  }

  private static String holder(Call call) {
    Lease lease = call.lease();
    return lease == null ? "" : lease.backend().name();
  }

  @Override
  public void resume(InferenceRequest continued, AnswerReceiver receiver) {
    Exchange again = ExchangeHelper.createCopy(begun, false);
    again.getMessage().setBody(call);
    balancer.again(
        again,
        call,
        this,
        doneSync -> {
          if (call.loop().inEventLoop()) {
            answer(again, receiver);
          } else {
            // A step, a delay say, went on in a thread of its own.
            call.loop().execute(() -> answer(again, receiver));
          }
        });
  }

  private static void answer(Exchange again, AnswerReceiver receiver) {
    Exception failure = again.getException();
    if (failure == null && again.getMessage().getBody() instanceof Answer answer) {
      receiver.answered(answer);
    } else if (failure instanceof UpstreamFailure upstream) {
      receiver.failed(upstream.outcome());
    } else if (failure instanceof NobodyEligible) {
      receiver.failed(new Outcome.Refused(String.valueOf(failure.getMessage())));
    } else {
      receiver.failed(
          new Outcome.FailedBefore(
              Cause.GATEWAY,
              failure == null ? "the route left no answer" : failure.getClass().getSimpleName()));
    }
  }

  /** Those servers have had the request, none of which is to have it again. */
  void tried(Tried now, Offer by) {
    tried = now;
    offer = by;
  }

  /** The same, by positions of another offer. */
  Tried tried(Offer by) {
    return by.tried(tried, offer);
  }

  @Override
  public void concluded(Result result, Outcome broken, String detail) {
    String now = holder(call);
    results.concluded(call, result, server, now.equals(server) ? "" : now, broken, detail);
    server = now;
  }
}
