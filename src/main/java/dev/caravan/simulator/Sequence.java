package dev.caravan.simulator;

/**
 * One request inside an engine: a prompt that is prefilled, then output tokens that are decoded one
 * a step. For the thread that drives the engine.
 */
public final class Sequence {

  /** Where in its life a sequence is. */
  public enum State {
    /** In the API server, before the queue. */
    ENTERING,
    /** In the queue: new, or preempted for want of KV blocks. */
    WAITING,
    /** Has KV blocks and takes part in steps. */
    RUNNING,
    /** All tokens made. */
    FINISHED,
    /** Given up from outside. */
    ABORTED
  }

  static final int[] NO_BLOCKS = {};

  final long[] hashes;
  final int promptTokens;
  final int outputTokens;
  final SequenceListener listener;
  final long arrivedAtNanos;
  int[] blocks = NO_BLOCKS;
  State state = State.ENTERING;
  int blockCount;
  int publishedBlocks;
  int computedTokens;
  int madeTokens;
  int scheduledTokens;
  int cachedTokens = -1;
  long admittedAtNanos = -1;

  Sequence(
      long arrivedAtNanos,
      long[] hashes,
      int promptTokens,
      int outputTokens,
      SequenceListener listener) {
    this.arrivedAtNanos = arrivedAtNanos;
    this.hashes = hashes;
    this.promptTokens = promptTokens;
    this.outputTokens = outputTokens;
    this.listener = listener;
  }

  public State state() {
    return state;
  }

  public int promptTokens() {
    return promptTokens;
  }

  /** How many output tokens it is to make. */
  public int outputTokens() {
    return outputTokens;
  }

  /** How many output tokens it has made. */
  public int madeTokens() {
    return madeTokens;
  }

  /** Prompt tokens that the prefix cache had when it was first admitted; 0 before that. */
  public int cachedTokens() {
    return Math.max(0, cachedTokens);
  }

  /** Engine time at which it was submitted. */
  public long arrivedAtNanos() {
    return arrivedAtNanos;
  }

  /** Engine time at which it first left the queue, or -1 before that. */
  public long admittedAtNanos() {
    return admittedAtNanos;
  }

  /** Tokens whose keys and values the next steps must compute: prompt and what was made so far. */
  int knownTokens() {
    return promptTokens + madeTokens;
  }
}
