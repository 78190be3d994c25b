package dev.caravan.upstream;

import dev.caravan.outcome.Outcome;
import dev.caravan.outcome.Outcome.Cause;
import org.jspecify.annotations.Nullable;

/** One try at one server, as far as stopping it goes. All calls on the call's event loop. */
interface Attempt {

  /**
   * Stops it at once, because nobody wants its answer: the connection to the server is closed
   * unless the answer was whole. Calls after the end change nothing.
   *
   * @param how what the lease is closed with; null for {@link Outcome.ClientGone}
   */
  void abort(@Nullable Outcome how);

  /**
   * Its time is over: ends it as a failure, of which whoever waits for the answer is told. Calls
   * after the end change nothing.
   */
  void timeOut(Cause cause, String detail);
}
