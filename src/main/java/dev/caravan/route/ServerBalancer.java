package dev.caravan.route;

import dev.caravan.fleet.Backend;
import dev.caravan.fleet.Lease;
import dev.caravan.outcome.Outcome;
import dev.caravan.outcome.Outcome.Cause;
import dev.caravan.select.Selection;
import dev.caravan.select.Selector;
import dev.caravan.select.Tried;
import dev.caravan.time.Ticker;
import dev.caravan.upstream.Call;
import dev.caravan.upstream.UpstreamFailure;
import java.util.ArrayList;
import java.util.List;
import org.apache.camel.AsyncCallback;
import org.apache.camel.AsyncProcessor;
import org.apache.camel.Exchange;
import org.apache.camel.processor.loadbalancer.LoadBalancerSupport;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * A {@code loadBalance} step that sends each request to the server its {@link Selector} picks, and
 * to another when that one fails before the first byte. One instance, one step.
 */
public final class ServerBalancer extends LoadBalancerSupport {
  private static final Logger LOG = Logger.getLogger(ServerBalancer.class);

  private final Selector selector;
  private final int maxAttempts;
  private final Ticker ticker;
  private final PanicWatch panic;
  private AsyncProcessor[] steps = new AsyncProcessor[0];
  private Backend[] backends = new Backend[0];

  /**
   * A balancer without steps yet.
   *
   * @param maxAttempts how many servers a request may be sent to, from 1
   */
  public ServerBalancer(Selector selector, int maxAttempts, Ticker ticker) {
    this.selector = selector;
    this.maxAttempts = maxAttempts;
    this.ticker = ticker;
    this.panic = new PanicWatch(ticker);
  }

  /** The servers it balances over, in the order of its steps. */
  List<Backend> backends() {
    return List.of(backends);
  }

  @Override
  protected void doInit() throws Exception {
    super.doInit();
    steps = doGetProcessors().clone();
    if (steps.length == 0) {
      throw new IllegalArgumentException(where() + " has no steps: it would answer nothing");
    }
    List<Backend> found = new ArrayList<>();
    for (AsyncProcessor step : steps) {
      List<ModelEndpoint> models = ModelEndpoints.below(step);
      if (models.size() != 1) {
        throw new IllegalArgumentException(
            where()
                + ": each of its steps must lead to one model: endpoint, one leads to "
                + models.size());
      }
      found.add(models.get(0).backend());
    }
    backends = found.toArray(Backend[]::new);
  }

  private String where() {
    return "loadBalance " + selector.name() + " in route " + getRouteId();
  }

  @Override
  public boolean process(Exchange exchange, AsyncCallback callback) {
    if (!(exchange.getIn().getBody() instanceof Call call)) {
      exchange.setException(
          new IllegalStateException(where() + " was sent something that is not a request"));
      callback.done(true);
      return true;
    }
    new Road(exchange, call, callback).next();
    return false;
  }

  /** One request's way over the servers; a new attempt starts where the last one ended. */
  private final class Road implements AsyncCallback {
    private final Exchange exchange;
    private final Call call;
    private final AsyncCallback callback;
    private Tried tried = Tried.NONE;
    private int sent;
    private @Nullable Lease lease;
    private @Nullable UpstreamFailure last;

    Road(Exchange exchange, Call call, AsyncCallback callback) {
      this.exchange = exchange;
      this.call = call;
      this.callback = callback;
    }

    void next() {
      Lease taken = null;
      int index = -1;
      while (taken == null) {
        Selection selection =
            selector.select(call.request(), backends, tried, call.policy().panicPercent());
        if (selection instanceof Selection.Selected chosen) {
          index = chosen.index();
          panic.picked(call, chosen.panic());
          if (LOG.isDebugEnabled()) {
            LOG.debugf(
                "Request %s: %s picked %s of %s",
                call.requestId(), selector.name(), chosen.backend(), Selector.lastRead());
          }
          // Null where others filled the server since the snapshot; the next one shows it full.
          taken = Lease.open(chosen.backend(), call.pool(), ticker);
        } else if (selection instanceof Selection.NoneEligible none) {
          UpstreamFailure failure = last;
          fail(failure != null ? failure : new NobodyEligible(call.pool(), none.reasons()));
          return;
        }
      }
      lease = taken;
      call.lease(taken);
      tried = tried.and(index);
      steps[index].process(exchange, this);
    }

    /** The step is done: with an answer, or with a failure that another server may mend. */
    @Override
    public void done(boolean doneSync) {
      Exception failure = exchange.getException();
      if (failure == null) {
        callback.done(false);
        return;
      }
      Lease held = lease;
      if (failure instanceof UpstreamFailure upstream) {
        if (held != null) {
          held.close(upstream.outcome());
        }
        if (upstream.sent()) {
          sent++;
          last = upstream;
        } else if (last == null) {
          last = upstream;
        }
        if (!call.abandoned() && sent < maxAttempts) {
          exchange.setException(null);
          exchange.getExchangeExtension().setRedeliveryExhausted(false);
          next();
          return;
        }
        callback.done(false);
        return;
      }
      if (held != null) {
        held.close(new Outcome.FailedBefore(Cause.GATEWAY, "a step of the route failed"));
      }
      callback.done(false);
    }

    private void fail(Exception why) {
      exchange.setException(why);
      callback.done(false);
    }
  }
}
