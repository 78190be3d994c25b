package dev.caravan.health;

import java.util.function.Consumer;

/** How to have a prompt probe of one server begin at once, out of turn. Safe for any thread. */
@FunctionalInterface
public interface Prober extends Runnable {

  /** Begins a probe unless one runs; it is skipped where it would tell nothing. */
  @Override
  void run();

  /**
   * Begins a probe, or waits for the one that runs; it is not skipped.
   *
   * @param told what came of it, once
   */
  default void probe(Consumer<ProbeReport> told) {
    throw new UnsupportedOperationException();
  }
}
