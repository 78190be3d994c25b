package dev.caravan.fleet;

/**
 * How much of its fair share of the traffic a server is to get now: slow start, as the choice of a
 * server sees it. Asking changes nothing. Safe for any thread.
 */
@FunctionalInterface
public interface Share {

  /** All of it. */
  Share FULL = () -> 1;

  /** Above 0, up to 1. */
  double now();
}
