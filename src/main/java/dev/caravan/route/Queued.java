package dev.caravan.route;

import dev.caravan.admission.QueueRefusal;
import dev.caravan.fleet.Backend;
import dev.caravan.fleet.Pool;
import dev.caravan.outcome.Outcome;
import dev.caravan.upstream.Call;
import dev.caravan.upstream.UpstreamFailure;
import java.util.function.BooleanSupplier;
import org.apache.camel.AsyncCallback;
import org.apache.camel.AsyncProcessor;
import org.apache.camel.Exchange;
import org.jspecify.annotations.Nullable;

/**
 * One request's way into a pool that has a queue. It goes in at once where nobody waits, and waits
 * where others do, or where it has found all servers full; it then goes the whole way of the pool's
 * route anew, which may be another one by then. Lives on the call's event loop.
 */
final class Queued implements AsyncCallback {
  private final Pools pools;
  private final Pool pool;
  private final Exchange exchange;
  private final Call call;
  private final AsyncCallback callback;
  private final PoolRoad road;

  /** Made at the first wait: most requests have none. */
  private @Nullable InQueue place;

  Queued(
      Pools pools, Pool pool, PoolRoad road, Exchange exchange, Call call, AsyncCallback callback) {
    this.pools = pools;
    this.pool = pool;
    this.exchange = exchange;
    this.call = call;
    this.callback = callback;
    this.road = road;
  }

  /** The way in, through the route that the pool has now. */
  void start(AsyncProcessor route) {
    if (road.queue().busy()) {
      enter(null);
    } else {
      route.process(exchange, this);
    }
  }

  private void enter(@Nullable BooleanSupplier fits) {
    InQueue known = place;
    if (known == null) {
      known = new InQueue(road, call, false, this::go, this::refused);
      place = known;
    }
    known.enter(fits);
  }

  private void go() {
    Pools.Open open = pools.meant(pool.name());
    if (open == null) {
      fail(new NoSuchModel());
      return;
    }
    open.route().process(exchange, this);
  }

  @Override
  public void done(boolean doneSync) {
    if (call.loop().inEventLoop()) {
      ended();
    } else {
      call.loop().execute(this::ended);
    }
  }

  private void ended() {
    if (!(exchange.getException() instanceof NobodyEligible nobody)
        || call.abandoned()
        || call.expired()
        || !nobody.pool().equals(pool.name())) {
      callback.done(false);
      return;
    }
    String home = nobody.home();
    if (home == null ? !anyoneWell() : server(home) == null) {
      callback.done(false);
      return;
    }
    exchange.setException(null);
    exchange.getExchangeExtension().setRedeliveryExhausted(false);
    enter(home == null ? null : hasRoom(home));
  }

  /** Whether a wait is worth it: somebody would take requests, had he the room. */
  private boolean anyoneWell() {
    for (Backend each : pool.backends()) {
      if (each.usable()) {
        return true;
      }
    }
    return false;
  }

  private @Nullable Backend server(String name) {
    for (Backend each : pool.backends()) {
      if (each.name().equals(name)) {
        return each.usable() ? each : null;
      }
    }
    return null;
  }

  private BooleanSupplier hasRoom(String home) {
    return () -> {
      Backend server = server(home);
      return server != null && server.room() > 0;
    };
  }

  /** It waits no longer, and has had no turn: null where its client or its time is the reason. */
  private void refused(@Nullable QueueRefusal why) {
    fail(
        why != null
            ? new QueueRefused(pool.name(), why)
            : new UpstreamFailure(
                call.abandoned() ? new Outcome.ClientGone(false) : call.expiry(), false));
  }

  private void fail(Exception why) {
    exchange.setException(why);
    callback.done(false);
  }
}
