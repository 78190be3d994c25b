package dev.caravan.route;

import dev.caravan.fleet.Availability;
import dev.caravan.fleet.Backend;
import dev.caravan.fleet.Lease;
import dev.caravan.fleet.PoolPolicy;
import dev.caravan.fleet.PoolPolicy.Affinity.Stickiness;
import dev.caravan.fleet.ServerState;
import dev.caravan.ingress.EndpointsBelow;
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
import java.util.concurrent.atomic.LongAdder;
import org.apache.camel.AsyncCallback;
import org.apache.camel.AsyncProcessor;
import org.apache.camel.Exchange;
import org.apache.camel.Navigate;
import org.apache.camel.Route;
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
  private final LongAdder resumable = new LongAdder();
  private final Runnable changed = this::offerAnew;
  private List<Step> steps = List.of();
  private volatile Offer offer = Offer.NOBODY;

  /** A step, and whom it leads to. */
  private record Step(AsyncProcessor processor, Behind behind) {}

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
    List<Step> found = new ArrayList<>();
    for (AsyncProcessor step : doGetProcessors()) {
      List<ModelEndpoint> models = EndpointsBelow.of(step, ModelEndpoint.class);
      if (models.size() != 1) {
        throw new IllegalArgumentException(
            where()
                + ": each of its steps must lead to one model: endpoint, one leads to "
                + models.size());
      }
      found.add(new Step(step, Behind.of(models.get(0))));
    }
    if (found.isEmpty()) {
      throw new IllegalArgumentException(where() + " has no steps: it would answer nothing");
    }
    steps = List.copyOf(found);
    offerAnew();
  }

  @Override
  protected void doStart() throws Exception {
    super.doStart();
    steps.forEach(step -> step.behind.onChange(changed));
    offerAnew(); // for what came meanwhile
  }

  @Override
  protected void doStop() throws Exception {
    steps.forEach(step -> step.behind.offChange(changed));
    super.doStop();
  }

  private synchronized void offerAnew() {
    List<Offer.Place> places = new ArrayList<>();
    for (Step step : steps) {
      step.behind.servers().forEach(each -> places.add(new Offer.Place(each, step.processor)));
    }
    offer = Offer.of(places, offer);
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
    try {
      RouteProperties.apply(exchange, call);
    } catch (IllegalArgumentException e) {
      exchange.setException(e);
      callback.done(true);
      return true;
    }
    new Road(this, exchange, call, null, callback).start();
    return false;
  }

  /** A stream is being answered that may come back here until its call is over. */
  void mayComeBack(Call call) {
    resumable.increment();
    call.over(resumable::decrement);
  }

  /** Streams that may come back here though the exchange that brought them is over. */
  public long mayComeBack() {
    return resumable.sum();
  }

  /** Sends a request whose answer broke off to a server that has not had it. */
  void again(Exchange exchange, Call call, Resumption resumption, AsyncCallback callback) {
    new Road(this, exchange, call, resumption, callback).start();
  }

  // ---- one attempt

  /** Who may be picked now. */
  Offer offer() {
    return offer;
  }

  /**
   * Picks a server for a call and takes a place there: the call, which may hold no other, holds the
   * lease then. The way to one attempt is this and {@link Offer#run}.
   *
   * @param tried who may not be picked, because they have had it
   */
  Selection pick(Offer offer, Call call, Tried tried) {
    Backend[] backends = offer.servers();
    String holder = holder(call.request());
    int home = holder == null ? Selector.NO_HOME : offer.position(holder);
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
              ? explained(backends, call, asked, tried, home)
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

  private Selection explained(
      Backend[] backends, Call call, Explained asked, Tried tried, int home) {
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
    Offer now = offer;
    String holder = holder(request);
    int home = holder == null ? Selector.NO_HOME : now.position(holder);
    return holder != null && home < 0
        ? refused(request, policy, holder)
        : selector.explain(request, now.servers(), policy.panicPercent(), policy.affinity(), home);
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

  /** The balancers among the steps of a route. */
  public static List<ServerBalancer> of(Route route) {
    List<ServerBalancer> found = new ArrayList<>();
    collect(route.navigate(), found);
    return found;
  }

  private static void collect(Object step, List<ServerBalancer> found) {
    if (step instanceof ServerBalancer balancer) {
      found.add(balancer);
    } else if (step instanceof Navigate<?> parent && parent.hasNext()) {
      for (Object child : parent.next()) {
        collect(child, found);
      }
    }
  }

  /** How its servers are picked, as routes name it. */
  String name() {
    return selector.name();
  }

  PoolRoads roads() {
    return roads;
  }

  Resumptions resumptions() {
    return resumptions;
  }

  /** Whether it is worth a wait: somebody who has not had the request may be picked. */
  boolean anyoneLeft(Offer offer, Call call, Tried tried) {
    return !bound(call) && offer.anyoneLeft(tried); // where bound, that one has had it
  }
}
