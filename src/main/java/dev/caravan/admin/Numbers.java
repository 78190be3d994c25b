package dev.caravan.admin;

import org.jspecify.annotations.Nullable;

/**
 * What was measured of a server or a pool of late. Immutable; null is a number that nobody knows.
 *
 * @param requestsPerSecond attempts at the server, or requests through the pool, that ended
 * @param tokensPerSecond output tokens; null where no answer has told of any
 * @param failuresPerSecond attempts that the server failed at, or requests of the pool that ended
 *     with a 5xx
 * @param retriesPerSecond of a pool: attempts after the first
 * @param prefixHitRatio the share of the prompt tokens that was in the prefix cache; null where no
 *     answer has told
 */
record Numbers(
    long inflight,
    @Nullable Double requestsPerSecond,
    @Nullable Double tokensPerSecond,
    @Nullable Double failuresPerSecond,
    @Nullable Double retriesPerSecond,
    @Nullable Double ttftP50Seconds,
    @Nullable Double ttftP95Seconds,
    @Nullable Double prefixHitRatio) {

  /** Nothing was measured yet. */
  static Numbers unknown(long inflight) {
    return new Numbers(inflight, null, null, null, null, null, null, null);
  }
}
