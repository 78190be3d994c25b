package dev.caravan.tenant;

import java.util.List;

/**
 * What the operator's file says of one tenant. Immutable.
 *
 * @param pools the pools that it may use; empty for all of them
 * @param priority the most urgent class that it may ask for
 */
public record Tenant(
    String name, Quota quota, List<String> pools, Priority priority, boolean explain) {

  /** One of which nothing is said. */
  static Tenant unsaid(String name) {
    return new Tenant(name, Quota.UNLIMITED, List.of(), Priority.DEFAULT, false);
  }
}
