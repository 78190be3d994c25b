package dev.caravan.health;

import dev.caravan.fleet.Availability;
import dev.caravan.fleet.Backend;
import dev.caravan.fleet.ServerState;
import dev.caravan.fleet.Share;
import dev.caravan.time.Ticker;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What is believed of one server, as everyone else sees it: its availability, its share of the
 * traffic, and since when. Changed by its owner alone, under the owner's lock; any thread may read.
 */
final class Belief {
  private static final Logger LOG = LoggerFactory.getLogger(Belief.class);

  private final Backend backend;
  private final Ticker ticker;
  private final HealthListener listener;
  private volatile Standing standing;
  private boolean drainedSaid;

  Belief(Backend backend, Ticker ticker, HealthListener listener) {
    this.backend = backend;
    this.ticker = ticker;
    this.listener = listener;
    this.standing = new Standing(ServerState.HEALTHY, ticker.nanos());
  }

  /**
   * A stay in one state. Immutable.
   *
   * @param sinceNanos when it began, on the ticker's scale
   */
  record Standing(ServerState state, long sinceNanos) {}

  Standing standing() {
    return standing;
  }

  /** Swaps what the choice of a server sees; a change of state is logged and counted, once. */
  void publish(Availability now) {
    backend.availability(now);
    Standing was = standing;
    if (now.state() == was.state()) {
      return;
    }
    standing = new Standing(now.state(), ticker.nanos());
    if (now.state() == ServerState.DOWN) {
      // It is most likely started anew before it comes back.
      backend.cacheLost();
    }
    drainedSaid = false;
    String line = "{}: {} -> {}: {}";
    Object[] words = {backend, was.state().label(), now.state().label(), now.reason()};
    if (now.state() == ServerState.HUNG || now.state() == ServerState.DOWN) {
      LOG.warn(line, words);
    } else {
      LOG.info(line, words);
    }
    listener.moved(backend.name(), was.state(), now.state(), now.reason());
  }

  /** Its share of the traffic grows from now on. */
  Share ramp(long millis) {
    Share ramp = new Ramp(ticker, TimeUnit.MILLISECONDS.toNanos(millis));
    backend.share(ramp);
    return ramp;
  }

  /** It is to get its whole share. */
  void fullShare() {
    backend.share(Share.FULL);
  }

  /** Whether that ramp is the one in force. */
  boolean ramps(Share ramp) {
    return backend.share() == ramp;
  }

  /** Whether it is to be emptied and nothing runs there any more. */
  boolean drained() {
    return standing.state() == ServerState.DRAINING && backend.inflight() == 0;
  }

  /** Says that it does not take our key. */
  void sayRefused(String reason) {
    LOG.error(
        "{} refuses the gateway's credentials ({}): it gets no requests; check the apiKey of its"
            + " model: endpoint",
        backend,
        reason);
  }

  /** Says once that it is empty, where it is. */
  void sayDrained() {
    if (drained() && !drainedSaid) {
      drainedSaid = true;
      LOG.info("{} is drained: nothing runs there any more", backend);
      listener.drained(backend.name());
    }
  }
}
