package dev.caravan.chaos;

/**
 * What was done, and when, by the machine's monotonic clock.
 *
 * @param healedNanos when the server was well again
 * @param recoveredNanos when the gateway had noticed that of every server of the pool
 */
record Injected(
    Schedule.Round round,
    Schedule.Injection injection,
    long beganNanos,
    long healedNanos,
    long recoveredNanos) {}
