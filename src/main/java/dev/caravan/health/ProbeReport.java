package dev.caravan.health;

/**
 * What came of one prompt probe. Immutable.
 *
 * @param reason for people: what was wrong; empty where nothing was
 * @param millis how long it took
 */
public record ProbeReport(ProbeResult result, String reason, long millis) {}
