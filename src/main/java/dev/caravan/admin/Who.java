package dev.caravan.admin;

/**
 * Who changes something. Immutable.
 *
 * @param name as the way in says it
 * @param how the way in: {@code token}, {@code oidc}, {@code certificate}, {@code loopback}
 * @param from the address that the request came from
 */
record Who(String name, String how, String from) {}
