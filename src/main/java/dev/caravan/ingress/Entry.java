package dev.caravan.ingress;

import dev.caravan.upstream.Call;

/** Where a request enters the routes. */
@FunctionalInterface
interface Entry {

  /**
   * Sends a call down the routes, on the call's event loop.
   *
   * @param reply told once what came of it
   */
  void enter(Call call, PassedHeaders headers, Reply reply);
}
