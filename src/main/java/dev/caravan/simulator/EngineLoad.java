package dev.caravan.simulator;

/**
 * What an engine has to do at one moment. Immutable.
 *
 * @param running sequences that take part in steps
 * @param waiting sequences in the queue
 * @param kvBlocksHeld KV blocks that running sequences hold
 */
public record EngineLoad(int running, int waiting, int kvBlocksHeld) {

  /** Nothing to do. */
  public static final EngineLoad IDLE = new EngineLoad(0, 0, 0);
}
