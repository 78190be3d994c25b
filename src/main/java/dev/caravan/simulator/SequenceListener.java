package dev.caravan.simulator;

/**
 * Hears what becomes of one sequence, on the thread that drives the engine and within {@link
 * Engine#advanceTo}. It may submit and abort sequences; it must not advance the engine.
 */
public interface SequenceListener {

  /** Hears nothing. */
  SequenceListener SILENT = new SequenceListener() {};

  /**
   * The prefill is done. Called once, just before the first {@link #token}.
   *
   * @param atNanos engine time
   */
  default void firstToken(Sequence sequence, long atNanos) {}

  /**
   * One output token was made.
   *
   * @param index its place in the output, from 0
   * @param atNanos engine time
   */
  default void token(Sequence sequence, int index, long atNanos) {}

  /**
   * All output tokens were made; the sequence holds no KV block any more. Not called for an aborted
   * sequence.
   *
   * @param atNanos engine time
   */
  default void finished(Sequence sequence, long atNanos) {}
}
