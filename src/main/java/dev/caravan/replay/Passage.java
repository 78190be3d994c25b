package dev.caravan.replay;

import org.jspecify.annotations.Nullable;

/** What became of one request of a run. For one thread. */
final class Passage {

  /** How it ended for its client. */
  enum Ending {
    /** The whole answer came. */
    FINISHED,
    /** No server could be picked: the gateway said 503 or 429 at once. */
    REJECTED,
    /** No server that was tried answered. */
    FAILED,
    /** The answer broke off when a part of it was with the client. */
    BROKEN_OFF
  }

  final Workload.Item item;
  final long arrivedNanos;
  final Runnable ended;
  long firstTokenNanos = -1;
  long endNanos = -1;
  int cachedTokens;
  int attempts;
  @Nullable Ending ending;

  /**
   * A request that has just come.
   *
   * @param ended run when it is over
   */
  Passage(Workload.Item item, long arrivedNanos, Runnable ended) {
    this.item = item;
    this.arrivedNanos = arrivedNanos;
    this.ended = ended;
  }

  /** From its arrival to its first token; {@link Long#MAX_VALUE} where none has come. */
  long ttftNanos() {
    return firstTokenNanos < 0 ? Long.MAX_VALUE : firstTokenNanos - arrivedNanos;
  }

  /** Whether it has failed, or has no first token within the limit; until that, it is not late. */
  boolean late(long limitNanos) {
    return ttftNanos() > limitNanos || (ending != null && ending != Ending.FINISHED);
  }
}
