package dev.caravan.route;

import dev.caravan.fleet.Availability;
import dev.caravan.fleet.Backend;
import dev.caravan.select.Selector;
import dev.caravan.select.Tried;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.apache.camel.AsyncCallback;
import org.apache.camel.AsyncProcessor;
import org.apache.camel.Exchange;

/**
 * Who may be picked by a {@code loadBalance} step, position by position, and the steps that lead
 * there. Immutable; it is another one when servers are found or lost.
 */
final class Offer {
  /** Nobody. */
  static final Offer NOBODY = new Offer(new Backend[0], new AsyncProcessor[0]);

  private final Backend[] servers;
  private final AsyncProcessor[] steps;

  private Offer(Backend[] servers, AsyncProcessor[] steps) {
    this.servers = servers;
    this.steps = steps;
  }

  /** A server, and the step that leads there. */
  record Place(Backend server, AsyncProcessor step) {}

  /**
   * An offer of servers, each once.
   *
   * @param before who of it is still there keeps the position as far as possible: pickers remember
   *     turns by position
   */
  static Offer of(List<Place> places, Offer before) {
    int size = places.size();
    Place[] at = new Place[size];
    Deque<Place> others = new ArrayDeque<>();
    for (Place place : places) {
      int position = before.position(place.server);
      if (position >= 0 && position < size && at[position] == null) {
        at[position] = place;
      } else {
        others.add(place);
      }
    }
    Backend[] servers = new Backend[size];
    AsyncProcessor[] steps = new AsyncProcessor[size];
    for (int i = 0; i < size; i++) {
      Place place = at[i] != null ? at[i] : others.remove();
      servers[i] = place.server;
      steps[i] = place.step;
    }
    return new Offer(servers, steps);
  }

  /** The servers, in the order of their positions; not to be changed. */
  Backend[] servers() {
    return servers;
  }

  /** The position of a server of that name; {@link Selector#NO_HOME} where there is none. */
  int position(String server) {
    for (int i = 0; i < servers.length; i++) {
      if (servers[i].name().equals(server)) {
        return i;
      }
    }
    return Selector.NO_HOME;
  }

  private int position(Backend server) {
    for (int i = 0; i < servers.length; i++) {
      if (servers[i] == server) {
        return i;
      }
    }
    return -1;
  }

  /** Who of another offer has been tried, by positions of this one. */
  Tried tried(Tried then, Offer by) {
    if (by == this || then == Tried.NONE) {
      return then;
    }
    Tried now = Tried.NONE;
    for (int i = 0; i < servers.length; i++) {
      int before = by.position(servers[i]);
      if (before >= 0 && then.contains(before)) {
        now = now.and(i);
      }
    }
    return now;
  }

  /** Sends an exchange to the server at a position; the callback is told when its step is done. */
  void run(int position, Exchange exchange, AsyncCallback callback) {
    steps[position].process(exchange, callback);
  }

  /** How far the answers of each server have come, to be compared later. */
  long[] progress() {
    long[] now = new long[servers.length];
    for (int i = 0; i < now.length; i++) {
      now[i] = servers[i].progress();
    }
    return now;
  }

  /**
   * Whether somebody who has not had the request could take it, and has answered others since.
   *
   * @param before what {@link #progress} said then
   */
  boolean anyoneWorks(Tried tried, long[] before) {
    for (int i = 0; i < servers.length; i++) {
      Backend server = servers[i];
      if (!tried.contains(i) && server.room() > 0 && server.progress() != before[i]) {
        return true;
      }
    }
    return false;
  }

  /** Whether somebody who has not had the request may be picked some time. */
  boolean anyoneLeft(Tried tried) {
    for (int i = 0; i < servers.length; i++) {
      if (!tried.contains(i)
          && servers[i].availability().use() != Availability.Use.NONE
          && servers[i].gate().permits()) {
        return true;
      }
    }
    return false;
  }
}
