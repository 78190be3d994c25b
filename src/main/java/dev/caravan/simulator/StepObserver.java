package dev.caravan.simulator;

/** Sees every step of an engine when it begins, on the thread that drives the engine. */
@FunctionalInterface
public interface StepObserver {

  /** Sees nothing. */
  StepObserver BLIND = (startNanos, endNanos, prefillTokens, decodeTokens) -> {};

  /**
   * A step was put together.
   *
   * @param startNanos engine time
   * @param endNanos engine time at which its tokens are handed out
   * @param prefillTokens prompt tokens it computes
   * @param decodeTokens sequences it makes one further token for
   */
  void step(long startNanos, long endNanos, int prefillTokens, int decodeTokens);
}
