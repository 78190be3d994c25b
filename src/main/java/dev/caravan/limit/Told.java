package dev.caravan.limit;

/**
 * What one gateway has used of one account since it told the others last. Immutable.
 *
 * @param requestNanos of the bucket of requests, in the time that it takes to flow in; may be
 *     negative
 * @param tokenNanos of the bucket of tokens, likewise
 * @param month the month that {@code monthTokens} are of, as {@code 2026-11}
 * @param monthTokens of its budget; may be negative
 */
public record Told(long requestNanos, long tokenNanos, String month, long monthTokens) {
  public boolean nothing() {
    return requestNanos == 0 && tokenNanos == 0 && monthTokens == 0;
  }
}
