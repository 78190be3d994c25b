package dev.caravan.discovery;

import java.util.List;

/** Watches places for servers. Implementations are safe for any thread and never block it. */
public interface Finder extends AutoCloseable {

  /** Who is told of a place; one call at a time, on whatever thread, and not to be held up. */
  interface Listener {

    /**
     * Everybody who is there now; called when that may have changed. It may be nobody, which is
     * meant then.
     */
    void found(List<Found> servers);

    /**
     * Nobody can be asked: what was found last still holds.
     *
     * @param why for people; no stack trace, no secret
     */
    void failed(String why);
  }

  /**
   * Begins to watch a place.
   *
   * @return ends it; nothing is told any more when a call that runs meanwhile is over
   */
  Runnable watch(Place place, Listener listener);

  /** Ends what is shared by the watches. */
  @Override
  void close();
}
