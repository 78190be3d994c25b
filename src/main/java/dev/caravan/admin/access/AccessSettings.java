package dev.caravan.admin.access;

/**
 * What of the management port is open, as it is set. Immutable.
 *
 * @param openOnLoopback whether whoever is on this machine is an operator
 * @param openMetrics whether {@code /q/metrics} is for everybody
 */
public record AccessSettings(boolean openOnLoopback, boolean openMetrics) {}
