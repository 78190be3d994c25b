package dev.caravan.route;

import dev.caravan.fleet.Availability;
import dev.caravan.fleet.Backend;
import dev.caravan.fleet.Lease;
import dev.caravan.fleet.PoolPolicy.Hedge;
import dev.caravan.fleet.ServerState;
import dev.caravan.select.Selection;
import dev.caravan.select.Tried;
import dev.caravan.telemetry.RoadMeters;
import dev.caravan.upstream.Call;
import dev.caravan.upstream.UpstreamFailure;
import io.netty.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.apache.camel.AsyncCallback;
import org.apache.camel.Exchange;
import org.apache.camel.support.ExchangeHelper;
import org.jspecify.annotations.Nullable;

/*
 * Each leg has an exchange and a call of its own, so that whatever the slower one does late touches
 * nothing of the request. Source of the idea: Dean and Barroso, "The Tail at Scale", CACM 2013:
 * hedged requests, sent after the 95th percentile.
 */

/**
 * One attempt at a streamed answer, to which a second server is brought in where the first token is
 * late: whoever has its first byte first answers, and the other is stopped. Both failing is one
 * failed attempt. Lives on the call's event loop.
 */
final class HedgedAttempt {
  private final ServerBalancer balancer;
  private final Road road;
  private final Call call;
  private @Nullable Leg first;
  private @Nullable Leg second;
  private @Nullable ScheduledFuture<?> timer;
  private boolean over;

  HedgedAttempt(ServerBalancer balancer, Road road) {
    this.balancer = balancer;
    this.road = road;
    this.call = road.call();
  }

  /** One of the two: the request at one server. */
  private final class Leg implements AsyncCallback {
    private final Call fork;
    private final Exchange exchange;
    private boolean running = true;
    private @Nullable Exception failure;

    Leg(Call fork) {
      this.fork = fork;
      this.exchange = ExchangeHelper.createCorrelatedCopy(road.exchange(), false);
      exchange.getIn().setBody(fork);
    }

    @Override
    public void done(boolean doneSync) {
      if (call.loop().inEventLoop()) {
        ended(this);
      } else {
        call.loop().execute(() -> ended(this));
      }
    }
  }

  /**
   * Sends the first leg.
   *
   * @return whether there was a server; where not, the road has ended
   */
  boolean start() {
    Call fork = call.fork();
    Selection selection = balancer.pick(road.offer(), fork, road.tried());
    if (!(selection instanceof Selection.Selected chosen)) {
      call.adopt(fork);
      return road.nobody(selection);
    }
    road.picked(fork, chosen);
    Leg leg = new Leg(fork);
    first = leg;
    long delay = delayNanos();
    if (delay >= 0) {
      timer = call.loop().schedule(this::hedge, delay, TimeUnit.NANOSECONDS);
    }
    road.offer().run(chosen.index(), leg.exchange, leg);
    return true;
  }

  /** How long the first token may take; -1 where that is not known yet. */
  private long delayNanos() {
    Hedge hedge = call.policy().hedge();
    return hedge.mode() == Hedge.Mode.P95
        ? road.pool().firstTokens().p95Nanos()
        : TimeUnit.MILLISECONDS.toNanos(hedge.delayMillis());
  }

  /** The first token is late. */
  private void hedge() {
    timer = null;
    Leg waiting = first;
    if (over || waiting == null || waiting.fork.attempts() == 0) {
      return;
    }
    Tried passedOver = passedOver();
    if (passedOver == null) {
      count(RoadMeters.Hedge.SATURATED);
    } else if (!road.pool().hedges().take(call.policy().hedge().budgetPercent())) {
      count(RoadMeters.Hedge.OVER_BUDGET);
    } else {
      send(passedOver);
    }
  }

  private void send(Tried passedOver) {
    Call fork = call.fork();
    Selection selection = balancer.pick(road.offer(), fork, passedOver);
    if (!(selection instanceof Selection.Selected chosen)) {
      // The fork holds nothing, and ends with the call.
      road.pool().hedges().giveBack();
      count(RoadMeters.Hedge.SATURATED);
      return;
    }
    road.picked(fork, chosen, "hedge");
    Leg leg = new Leg(fork);
    second = leg;
    road.offer().run(chosen.index(), leg.exchange, leg);
  }

  /**
   * The servers that may not be the second, tried ones among them; null where the pool has none to
   * spare. A busy server is no help, and in a pool of which half is busy, one request more at
   * another makes it slower for everybody.
   */
  private @Nullable Tried passedOver() {
    Tried passedOver = road.tried();
    Backend[] servers = road.offer().servers();
    int strained = 0;
    for (int i = 0; i < servers.length; i++) {
      Backend server = servers[i];
      Availability availability = server.availability();
      boolean out =
          !availability.eligible()
              || !server.gate().permits()
              || server.inflight() >= server.spec().maxInflight();
      if (out || availability.state() == ServerState.BUSY) {
        strained++;
      }
      if ((out || availability.state() != ServerState.HEALTHY) && !passedOver.contains(i)) {
        passedOver = passedOver.and(i);
      }
    }
    boolean saturated = 2 * strained > servers.length || passedOver.count() == servers.length;
    return saturated ? null : passedOver;
  }

  private void count(RoadMeters.Hedge result) {
    road.pool().meters().count(result);
  }

  // ---- ends

  private void ended(Leg leg) {
    leg.running = false;
    if (over) {
      return; // it was stopped, and its lease is closed
    }
    Exception failure = leg.exchange.getException();
    if (failure == null) {
      won(leg);
    } else {
      failed(leg, failure);
    }
  }

  private @Nullable Leg other(Leg leg) {
    return leg == first ? second : first;
  }

  private void won(Leg leg) {
    finish();
    Leg other = other(leg);
    if (other != null) {
      count(leg == first ? RoadMeters.Hedge.LOST : RoadMeters.Hedge.WON);
      if (other.running) {
        other.fork.supersede("another server answered first");
        if (other == first) {
          // How long it would have taken nobody knows; at least so long.
          record(other.fork.lease(), true);
        }
      }
    }
    call.adopt(leg.fork);
    record(leg.fork.lease(), false);
    ExchangeHelper.copyResults(road.exchange(), leg.exchange);
    road.answered();
  }

  private void record(@Nullable Lease lease, boolean stopped) {
    if (lease != null && call.policy().hedge().mode() == Hedge.Mode.P95) {
      long nanos = stopped ? lease.durationNanos() : lease.timeToFirstByteNanos();
      if (nanos >= 0) {
        road.pool().firstTokens().record(nanos);
      }
    }
  }

  private void failed(Leg leg, Exception failure) {
    leg.failure = failure;
    Road.close(leg.fork.lease(), failure);
    Leg other = other(leg);
    if (other != null && other.running) {
      return;
    }
    finish();
    Leg told = leg;
    if (other != null) {
      count(RoadMeters.Hedge.LOST);
      if (other.failure instanceof UpstreamFailure before && before.sent() && !sent(failure)) {
        told = other; // says more than that a breaker was open
      }
    }
    call.adopt(told.fork);
    Exception why = told.failure == null ? failure : told.failure;
    road.exchange().setException(why);
    road.failed(why, told.fork);
  }

  private static boolean sent(Exception failure) {
    return !(failure instanceof UpstreamFailure upstream) || upstream.sent();
  }

  private void finish() {
    over = true;
    ScheduledFuture<?> pending = timer;
    timer = null;
    if (pending != null) {
      pending.cancel(false);
    }
  }
}
