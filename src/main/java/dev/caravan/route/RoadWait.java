package dev.caravan.route;

import dev.caravan.admission.QueueRefusal;
import dev.caravan.fleet.Backend;
import dev.caravan.select.Tried;
import dev.caravan.upstream.Call;
import org.jspecify.annotations.Nullable;

/**
 * The wait of a request that a server has failed, or that goes on elsewhere with its answer: for
 * room at a server that has not had it, before all that wait for their first. Lives on the call's
 * event loop.
 */
final class RoadWait {
  private final Road road;
  private final Exception otherwise;
  private final InQueue place;

  /**
   * It does not wait yet.
   *
   * @param otherwise what its client is told where no room comes
   */
  RoadWait(Road road, Exception otherwise) {
    Call call = road.call();
    this.road = road;
    this.otherwise = otherwise;
    this.place = new InQueue(road.pool(), call, true, road::attempt, this::refused);
  }

  /** Waits, unless nobody is left for whose room one could. */
  void enter() {
    Offer offer = road.offer();
    Tried tried = road.tried();
    if (anyone(offer, tried, false)) {
      place.enter(() -> anyone(offer, tried, true));
    } else {
      road.fail(otherwise);
    }
  }

  /** Whether somebody who has not had it would take it, or could at once. */
  private static boolean anyone(Offer offer, Tried tried, boolean room) {
    Backend[] servers = offer.servers();
    for (int i = 0; i < servers.length; i++) {
      if (!tried.contains(i) && (room ? servers[i].room() > 0 : servers[i].usable())) {
        return true;
      }
    }
    return false;
  }

  private void refused(@Nullable QueueRefusal why) {
    if (why == null) {
      road.stopped();
    } else {
      road.fail(otherwise);
    }
  }
}
