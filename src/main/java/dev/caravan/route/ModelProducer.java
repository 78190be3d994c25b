package dev.caravan.route;

import dev.caravan.fleet.Backend;
import dev.caravan.fleet.Lease;
import dev.caravan.fleet.Work;
import dev.caravan.outcome.Outcome;
import dev.caravan.route.probe.TextCall;
import dev.caravan.route.server.Servers;
import dev.caravan.upstream.Answer;
import dev.caravan.upstream.AnswerReceiver;
import dev.caravan.upstream.Call;
import dev.caravan.upstream.UpstreamFailure;
import org.apache.camel.AsyncCallback;
import org.apache.camel.Exchange;
import org.apache.camel.support.DefaultAsyncProducer;

/** Sends to one model server, and never waits. */
final class ModelProducer extends DefaultAsyncProducer {
  private final ModelComponent component;
  private final String name;
  private final Backend backend;

  ModelProducer(ModelEndpoint endpoint, ModelComponent component, Backend backend) {
    super(endpoint);
    this.component = component;
    this.backend = backend;
    this.name = backend.name();
  }

  @Override
  public boolean process(Exchange exchange, AsyncCallback callback) {
    Servers.Server server = component.servers().find(name);
    if (server == null) {
      exchange.setException(new IllegalStateException("model:" + name + " is gone"));
      callback.done(true);
      return true;
    }
    Object body = exchange.getIn().getBody();
    if (!(body instanceof Call call)) {
      new TextCall(component.client(), component.loops(), server, exchange, callback).start();
      return false;
    }
    if (!holds(call)) {
      boolean background = call.request().background();
      Work work = background ? Work.UNKNOWN_BACKGROUND : Work.UNKNOWN;
      Lease own = Lease.open(backend, call.pool(), component.client().ticker(), work);
      if (own == null && background) {
        exchange.setException(NobodyEligible.roomless(call.pool(), backend));
        callback.done(true);
        return true;
      }
      if (own == null) {
        exchange.setException(NobodyEligible.full(call.pool(), backend));
        callback.done(true);
        return true;
      }
      call.lease(own);
    }
    send(component, server, call, exchange, callback);
    return false;
  }

  /** Whether a balancer has picked this server for the call already. */
  private boolean holds(Call call) {
    Lease lease = call.lease();
    return lease != null && !lease.closed() && lease.backend() == backend;
  }

  /**
   * Sends a call that holds a lease on the server; the exchange has the answer at its first byte.
   */
  static void send(
      ModelComponent component,
      Servers.Server server,
      Call call,
      Exchange exchange,
      AsyncCallback callback) {
    AnswerReceiver receiver =
        new AnswerReceiver() {
          @Override
          public void answered(Answer answer) {
            exchange.getMessage().setBody(answer);
            callback.done(false);
          }

          @Override
          public void failed(Outcome outcome) {
            exchange.setException(new UpstreamFailure(outcome, true));
            callback.done(false);
          }
        };
    if (call.loop().inEventLoop()) {
      component.client().send(server.target(), call, receiver);
    } else {
      // A step before this one, a delay say, went on in a thread of its own.
      call.loop().execute(() -> component.client().send(server.target(), call, receiver));
    }
  }
}
