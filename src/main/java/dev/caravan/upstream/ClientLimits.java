package dev.caravan.upstream;

import dev.caravan.fleet.Timeouts;

/**
 * How long a client allows for its own request, in milliseconds, each from 1; 0 where it did not
 * say. Immutable.
 *
 * @param totalMillis from the arrival of the request to the last byte of the answer, over all
 *     attempts and waits
 * @param firstTokenMillis from the start of an attempt to the first byte of the answer's body
 */
public record ClientLimits(long totalMillis, long firstTokenMillis) {

  /** The client says nothing. */
  public static final ClientLimits NONE = new ClientLimits(0, 0);

  /** Whether it says anything. */
  public boolean any() {
    return totalMillis > 0 || firstTokenMillis > 0;
  }

  /** What holds for one attempt at a server: a limit of the client's replaces the server's own. */
  Timeouts over(Timeouts own) {
    if (!any()) {
      return own;
    }
    return new Timeouts(
        own.connectMillis(),
        firstTokenMillis > 0 ? firstTokenMillis : own.firstTokenMillis(),
        own.betweenTokensMillis(),
        // The client's own total is watched by the call; here it can only make room.
        Math.max(own.totalMillis(), totalMillis));
  }
}
