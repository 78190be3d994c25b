package dev.caravan.health;

import dev.caravan.fleet.Lease;
import dev.caravan.outcome.Outcome;

/** Tells a server that is slow because it is full from one that is stuck. */
final class Busy {

  private Busy() {}

  /**
   * Whether a request ran out of time at a server that was at work on others meanwhile: that speaks
   * of its load, not of its health.
   */
  static boolean timedOut(Lease lease, Outcome outcome) {
    return outcome instanceof Outcome.FailedBefore failed
        && switch (failed.cause()) {
          case FIRST_BYTE_TIMEOUT, TOTAL_TIMEOUT -> lease.serverMoved();
          default -> false;
        };
  }
}
