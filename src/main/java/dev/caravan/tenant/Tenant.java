package dev.caravan.tenant;

import java.util.List;
import java.util.Map;

/**
 * What the operator's file says of one tenant. Immutable.
 *
 * @param pools the pools that it may use; empty for all of them
 * @param priority the most urgent class that it may ask for
 * @param inPools what it may use of single pools as well, by their names
 * @param weight how many times as many tokens it has in a queue as a tenant of 1, from 1 to 100
 */
public record Tenant(
    String name,
    Quota quota,
    List<String> pools,
    Priority priority,
    boolean explain,
    Map<String, Quota> inPools,
    int weight) {

  /** The most that a tenant may weigh. */
  static final int MOST_WEIGHT = 100;

  /** One of which nothing is said. */
  static Tenant unsaid(String name) {
    return new Tenant(name, Quota.UNLIMITED, List.of(), Priority.DEFAULT, false, Map.of(), 1);
  }
}
