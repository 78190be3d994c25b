package dev.caravan.fleet;

/**
 * A circuit breaker as the choice of a server sees it: whether a request sent now would be let
 * through. Asking changes nothing. Safe for any thread.
 */
@FunctionalInterface
public interface Gate {

  /** Always open to traffic. */
  Gate NONE = () -> true;

  /** Whether a request would be permitted now. */
  boolean permits();
}
