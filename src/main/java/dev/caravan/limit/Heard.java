package dev.caravan.limit;

/**
 * What all gateways together have used of one account. Immutable.
 *
 * @param requestNanos until the bucket of requests is full
 * @param tokenNanos until the bucket of tokens is full
 * @param month the month that {@code monthTokens} are of, as {@code 2026-11}
 * @param monthTokens of its budget
 * @param elsewhere requests that run at the other gateways
 */
public record Heard(
    long requestNanos, long tokenNanos, String month, long monthTokens, int elsewhere) {}
