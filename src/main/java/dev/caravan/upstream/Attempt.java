package dev.caravan.upstream;

/** One try at one server, as far as stopping it goes. */
interface Attempt {

  /**
   * Stops it at once: the connection to the server is closed unless the answer was whole. Calls
   * after the end change nothing. On the call's event loop.
   */
  void abort();
}
