package dev.caravan.select;

import dev.caravan.fleet.Backend;
import dev.caravan.request.InferenceRequest;

/**
 * Reads numbers into a snapshot that not every row needs, before anything is decided. Safe for any
 * thread; runs on the event loop, so it neither blocks nor allocates.
 */
interface Gauge {

  /**
   * Fills in what it knows of the servers.
   *
   * @param rows the rows of the servers, in their order
   */
  void read(InferenceRequest request, Backend[] backends, Snapshot rows);

  /**
   * The request has a place on a server, and is about to be sent.
   *
   * @param index the server's position
   */
  default void sent(InferenceRequest request, Backend[] backends, int index) {}
}
