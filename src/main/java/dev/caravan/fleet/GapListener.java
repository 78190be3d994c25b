package dev.caravan.fleet;

/**
 * Measures the time between two parts of an answer: the inter-token latency as a client sees it.
 */
@FunctionalInterface
public interface GapListener {

  /** One gap, in nanoseconds; called for every read of every stream, so it must be cheap. */
  void gap(Lease lease, long nanos);
}
