package dev.caravan.route;

import dev.caravan.fleet.Availability;
import dev.caravan.fleet.Backend;
import dev.caravan.fleet.Lease;
import dev.caravan.fleet.PoolPolicy;
import dev.caravan.fleet.PoolPolicy.Affinity.Stickiness;
import dev.caravan.fleet.ServerState;
import dev.caravan.request.InferenceRequest;
import dev.caravan.select.Explanation;
import dev.caravan.select.Selection;
import dev.caravan.select.Selection.Basis;
import dev.caravan.select.Selection.Rejection;
import dev.caravan.select.Selector;
import dev.caravan.select.Tried;
import dev.caravan.upstream.Call;
import dev.caravan.upstream.Explained;
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
  private final PoolRoads roads;
  private final Resumptions resumptions;
  private final PanicWatch panic;
  private AsyncProcessor[] steps = new AsyncProcessor[0];
  private Backend[] backends = new Backend[0];

  /** A balancer without steps yet. */
  public ServerBalancer(Selector selector, PoolRoads roads, Resumptions resumptions) {
    this.selector = selector;
    this.roads = roads;
    this.resumptions = resumptions;
    this.panic = new PanicWatch(roads.ticker());
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
    RouteProperties.apply(exchange, call);
    new Road(this, exchange, call, null, callback).start();
    return false;
  }

  /** Sends a request whose answer broke off to a server that has not had it. */
  void again(Exchange exchange, Call call, Resumption resumption, AsyncCallback callback) {
    new Road(this, exchange, call, resumption, callback).start();
  }

  // ---- one attempt

  /**
   * Picks a server for a call and takes a place there: the call, which may hold no other, holds the
   * lease then. The way to one attempt is this and {@link #run}.
   *
   * @param tried who may not be picked, because they have had it
   */
  Selection pick(Call call, Tried tried) {
    String holder = holder(call.request());
    int home = holder == null ? Selector.NO_HOME : position(holder);
    Explained asked = call.explained();
    if (holder != null && home < 0) {
      if (asked != null) {
        tell(call, asked, refused(call.request(), call.policy(), holder));
      }
      return new Selection.NoneEligible(List.of(gone(holder)));
    }
    while (true) {
      Selection selection =
          asked != null
              ? explained(call, asked, tried, home)
              : selector.select(
                  call.request(),
                  backends,
                  tried,
                  call.policy().panicPercent(),
                  call.policy().affinity(),
                  home);
      if (!(selection instanceof Selection.Selected chosen)) {
        return selection;
      }
      if (LOG.isDebugEnabled()) {
        LOG.debugf(
            "Request %s: %s picked %s of %s",
            call.requestId(), selector.name(), chosen.backend(), Selector.lastRead());
      }
      // Null where others filled the server since the snapshot; the next one shows it full.
      Lease taken = Lease.open(chosen.backend(), call.pool(), roads.ticker(), chosen.work());
      if (taken != null) {
        selector.sent(call.request(), backends, chosen.index());
        if (chosen.basis() != Basis.BALANCER) {
          taken.affinity(chosen.basis().label());
        }
        call.lease(taken);
        panic.picked(call, chosen.panic());
        return selection;
      }
    }
  }

  private Selection explained(Call call, Explained asked, Tried tried, int home) {
    return selector.select(
        call.request(),
        backends,
        tried,
        call.policy().panicPercent(),
        call.policy().affinity(),
        home,
        why -> tell(call, asked, why));
  }

  private void tell(Call call, Explained asked, Explanation why) {
    roads.explanations().add(call.requestId(), call.pool(), asked.empty(), why);
    asked.add(why.line());
  }

  /** Whom {@link #pick} would choose now for a request that nobody has had; changes nothing. */
  Explanation foretell(InferenceRequest request, PoolPolicy policy) {
    String holder = holder(request);
    int home = holder == null ? Selector.NO_HOME : position(holder);
    return holder != null && home < 0
        ? refused(request, policy, holder)
        : selector.explain(request, backends, policy.panicPercent(), policy.affinity(), home);
  }

  private Explanation refused(InferenceRequest request, PoolPolicy policy, String holder) {
    return Explanation.refused(
        selector.name(),
        request,
        policy.affinity().mode(),
        holder
            + " stores the response before this request, and is no server of this step any more");
  }

  /** The server that stores the response that a call goes on with; null where none is known. */
  private @Nullable String holder(InferenceRequest request) {
    String previous = request.conversationKeys().previousResponseId();
    return previous == null ? null : roads.responses().server(previous);
  }

  private int position(String server) {
    for (int i = 0; i < backends.length; i++) {
      if (backends[i].name().equals(server)) {
        return i;
      }
    }
    return Selector.NO_HOME;
  }

  private static Rejection gone(String server) {
    String why = "it stores the response before, and is no server of this step any more";
    return new Rejection(
        server,
        Selection.AFFINITY,
        why,
        new Availability(ServerState.DOWN, Availability.Use.NONE, why, Availability.UNTIL_NEWS));
  }

  /** Whether a call goes on with a response that one server is known to store. */
  boolean stored(Call call) {
    return holder(call.request()) != null;
  }

  /** Whether a call may go to one server alone. */
  boolean bound(Call call) {
    return (call.policy().affinity().mode() == Stickiness.STRICT
            && call.request().conversation().known())
        || stored(call);
  }

  /**
   * Sends an exchange to the server that was picked for the call in it.
   *
   * @param index its position, as {@link #pick} says
   * @param callback told when the step is done; the exchange has an answer or an exception then
   */
  void run(int index, Exchange exchange, AsyncCallback callback) {
    steps[index].process(exchange, callback);
  }

  /** The servers, in the order of their positions; not to be changed. */
  Backend[] servers() {
    return backends;
  }

  PoolRoads roads() {
    return roads;
  }

  Resumptions resumptions() {
    return resumptions;
  }

  /** How far the answers of each server have come, to be compared later. */
  long[] progress() {
    long[] now = new long[backends.length];
    for (int i = 0; i < now.length; i++) {
      now[i] = backends[i].progress();
    }
    return now;
  }

  /**
   * Whether somebody who has not had the request could take it, and has answered others since.
   *
   * @param before what {@link #progress} said then
   */
  boolean anyoneWorks(Tried tried, long[] before) {
    for (int i = 0; i < backends.length; i++) {
      Backend server = backends[i];
      if (!tried.contains(i)
          && server.availability().eligible()
          && server.gate().permits()
          && server.inflight() < server.spec().maxInflight()
          && server.progress() != before[i]) {
        return true;
      }
    }
    return false;
  }

  /** Whether it is worth a wait: somebody who has not had the request may be picked. */
  boolean anyoneLeft(Call call, Tried tried) {
    if (bound(call)) {
      return false; // that one has had it
    }
    for (int i = 0; i < backends.length; i++) {
      if (!tried.contains(i)
          && backends[i].availability().use() != Availability.Use.NONE
          && backends[i].gate().permits()) {
        return true;
      }
    }
    return false;
  }
}
