package dev.caravan.route;

import dev.caravan.fleet.Lease;
import dev.caravan.fleet.PoolPolicy.Hedge;
import dev.caravan.outcome.Outcome;
import dev.caravan.outcome.Outcome.Cause;
import dev.caravan.select.Selection;
import dev.caravan.select.Tried;
import dev.caravan.telemetry.RoadMeters;
import dev.caravan.upstream.Call;
import dev.caravan.upstream.UpstreamFailure;
import org.apache.camel.AsyncCallback;
import org.apache.camel.Exchange;
import org.jspecify.annotations.Nullable;

/**
 * One request's way over the servers of a {@code loadBalance} step: attempt after attempt, each to
 * a server that has not had it, until one answers, none is left, or there may be no further one.
 * Between two attempts it holds no server; {@link Retry} says how long that takes. Lives on the
 * call's event loop.
 */
final class Road implements AsyncCallback {
  private final ServerBalancer balancer;
  private final Exchange exchange;
  private final Call call;
  private final AsyncCallback callback;
  private final PoolRoad pool;
  private final @Nullable Resumption resumption;
  private Offer offer;
  private Tried tried;
  private int sent;
  private @Nullable UpstreamFailure last;
  private @Nullable RoadWait wait;

  /**
   * A road that has not begun.
   *
   * @param resumption whose answer broke off, where the request is to go on from there
   */
  Road(
      ServerBalancer balancer,
      Exchange exchange,
      Call call,
      @Nullable Resumption resumption,
      AsyncCallback callback) {
    this.balancer = balancer;
    this.exchange = exchange;
    this.call = call;
    this.resumption = resumption;
    this.offer = balancer.offer();
    this.tried = resumption == null ? Tried.NONE : resumption.tried(offer);
    this.callback = callback;
    this.pool = balancer.roads().of(call);
  }

  void start() {
    if (call.loop().inEventLoop()) {
      begin();
    } else {
      // A step before this one, a delay say, went on in a thread of its own.
      call.loop().execute(this::begin);
    }
  }

  private void begin() {
    if (call.expired()) {
      expire();
    } else {
      attempt();
    }
  }

  /**
   * Sends it to one more server, if there is one.
   *
   * @return whether there was; where not, the road has ended
   */
  boolean attempt() {
    Offer now = balancer.offer();
    if (now != offer) { // servers were found or lost since the attempt before
      tried = now.tried(tried, offer);
      offer = now;
    }
    if (call.policy().hedge().mode() != Hedge.Mode.OFF && call.request().stream()) {
      return new HedgedAttempt(balancer, this).start();
    }
    Selection selection = balancer.pick(offer, call, tried);
    if (!(selection instanceof Selection.Selected chosen)) {
      return nobody(selection);
    }
    picked(call, chosen);
    offer.run(chosen.index(), exchange, this);
    return true;
  }

  /** A server was picked, and the call or its fork has a lease there. */
  void picked(Call holder, Selection.Selected chosen) {
    picked(holder, chosen, resumption != null ? "resumption" : sent == 0 ? "first" : "retry");
  }

  /**
   * The same.
   *
   * @param purpose why there is an attempt, as {@link Lease#purpose} has it
   */
  void picked(Call holder, Selection.Selected chosen, String purpose) {
    Lease lease = holder.lease();
    if (lease != null) {
      lease.picked(balancer.name(), purpose);
      if (tried.count() == 0 && call.clientRetries() == 0) {
        pool.requests().arrived(lease.openedNanos());
      }
    }
    switch (chosen.basis()) {
      case OWNER -> pool.meters().count(RoadMeters.Affinity.OWNER);
      case SPILLED -> pool.meters().count(RoadMeters.Affinity.SPILLED);
      case MOVED -> pool.meters().count(RoadMeters.Affinity.MOVED);
      case BALANCER -> {}
    }
    tried = tried.and(chosen.index());
  }

  /**
   * Nobody could be picked.
   *
   * @return whether the road goes on: it waits for somebody
   */
  boolean nobody(Selection selection) {
    UpstreamFailure failure = last;
    if (failure != null) {
      return failOrWait(failure);
    }
    if (selection instanceof Selection.NoneEligible none) {
      NobodyEligible why =
          new NobodyEligible(
              call.pool(), none.reasons(), balancer.stored(call), call.request().background());
      if (why.home() != null) {
        pool.meters().count(RoadMeters.Affinity.REFUSED);
      }
      return failOrWait(why);
    }
    return false;
  }

  /** What has begun may wait here for room; a first attempt does so before its pool's route. */
  private boolean failOrWait(Exception why) {
    boolean begun = last != null || resumption != null;
    if (!begun
        || call.home() == null
        || !call.policy().queue().on()
        || call.request().background()
        || call.abandoned()
        || balancer.bound(call)) {
      fail(why);
      return false;
    }
    RoadWait known = wait;
    if (known == null) {
      known = new RoadWait(this, why);
      wait = known;
    }
    known.enter();
    return true;
  }

  /** The step is done: with an answer, or with a failure that another server may mend. */
  @Override
  public void done(boolean doneSync) {
    Exception failure = exchange.getException();
    if (failure == null) {
      answered();
    } else if (call.loop().inEventLoop()) {
      failed(failure, call);
    } else {
      call.loop().execute(() -> failed(failure, call));
    }
  }

  /** An attempt is answered; the exchange has the answer. */
  void answered() {
    if (resumption != null) {
      resumption.tried(tried, offer);
    } else if (call.policy().resume()) {
      Resumption.offer(balancer, balancer.resumptions(), call, exchange, tried, offer);
    }
    callback.done(false);
  }

  /**
   * An attempt has failed, and the exchange says so: the road goes on, or ends with it.
   *
   * @param holder whose lease it was
   */
  void failed(Exception failure, Call holder) {
    close(holder.lease(), failure);
    if (!(failure instanceof UpstreamFailure upstream)) {
      callback.done(false);
      return;
    }
    if (upstream.sent()) {
      sent++;
      last = upstream;
    } else if (last == null) {
      last = upstream;
    }
    if (call.expired() && !call.abandoned()) {
      expire();
      return;
    }
    if (call.abandoned() || !mendable(upstream.outcome()) || sent >= attempts()) {
      callback.done(false);
      return;
    }
    exchange.setException(null);
    exchange.getExchangeExtension().setRedeliveryExhausted(false);
    if (!upstream.sent()) {
      attempt(); // no server was bothered
    } else if (!balancer.anyoneLeft(offer, call, tried)) {
      fail(upstream);
    } else {
      new Retry(this, upstream).start();
    }
  }

  private int attempts() {
    return balancer.roads().attempts(call);
  }

  /** Ends the hold on a server of which a failure is known. */
  static void close(@Nullable Lease held, Exception failure) {
    if (held != null && !held.closed()) {
      held.close(
          failure instanceof UpstreamFailure upstream
              ? upstream.outcome()
              : new Outcome.FailedBefore(Cause.GATEWAY, "a step of the route failed"));
    }
  }

  /** Whether another server might do better. */
  private static boolean mendable(Outcome how) {
    return !(how instanceof Outcome.Expired)
        && !(how instanceof Outcome.FailedBefore failed && failed.cause() == Cause.GATEWAY);
  }

  /** What waits between two attempts was stopped: the client is gone, or its time is over. */
  void stopped() {
    if (call.abandoned()) {
      fail(new UpstreamFailure(new Outcome.ClientGone(false), false));
    } else {
      pool.meters().count(RoadMeters.Retry.REFUSED_DEADLINE);
      expire();
    }
  }

  private void expire() {
    fail(new UpstreamFailure(call.expiry(), false));
  }

  void fail(Exception why) {
    exchange.setException(why);
    callback.done(false);
  }

  ServerBalancer balancer() {
    return balancer;
  }

  Exchange exchange() {
    return exchange;
  }

  Call call() {
    return call;
  }

  PoolRoad pool() {
    return pool;
  }

  /** How many attempts have reached for a server. */
  int sent() {
    return sent;
  }

  /** Whom the attempt that runs, or ran last, chose from. */
  Offer offer() {
    return offer;
  }

  /** Which servers of the offer have had it. */
  Tried tried() {
    return tried;
  }
}
