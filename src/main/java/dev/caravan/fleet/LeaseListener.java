package dev.caravan.fleet;

import dev.caravan.outcome.Outcome;

/**
 * Learns how a lease ended. Called exactly once a lease, on the event loop that closed it; must not
 * block and must not throw.
 */
@FunctionalInterface
public interface LeaseListener {

  /** The lease is closed; its instants are final and it no longer counts as in-flight. */
  void closed(Lease lease, Outcome outcome);
}
