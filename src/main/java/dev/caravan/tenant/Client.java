package dev.caravan.tenant;

import dev.caravan.request.Conversation;
import java.util.Map;
import java.util.Set;

/**
 * Who asks, and what they may. Immutable.
 *
 * @param tenant whose requests they are; empty for nobody in particular
 * @param id the tenant as requests carry it; 0 for nobody in particular
 * @param key what the credentials are called, for logs, and never what they are; empty for none
 * @param highest the most urgent class that it may ask for
 * @param pools the names of the pools that it may use; empty for all of them
 * @param quota what the tenant may use
 * @param explain whether it may learn why its requests go where they go
 * @param listed whether the tenant's name is one of the operator's, and no token's claim
 * @param inPools what the tenant may use of single pools as well, by their names
 * @param weight how many times as many tokens it has in a queue as a tenant of 1, from 1
 */
public record Client(
    String tenant,
    long id,
    String key,
    Priority highest,
    Set<String> pools,
    Quota quota,
    boolean explain,
    boolean listed,
    Map<String, Quota> inPools,
    int weight)
    implements Standing {

  /** Somebody without credentials, where none are asked for. */
  public static final Client ANONYMOUS = new Client("", Quota.UNLIMITED);

  public Client {
    pools = Set.copyOf(pools);
    inPools = Map.copyOf(inPools);
  }

  /** One without limits in single pools, of weight 1. */
  public Client(
      String tenant,
      long id,
      String key,
      Priority highest,
      Set<String> pools,
      Quota quota,
      boolean explain,
      boolean listed) {
    this(tenant, id, key, highest, pools, quota, explain, listed, Map.of(), 1);
  }

  /** A tenant of the operator's that may use every pool. */
  public Client(String tenant, Quota quota) {
    this(tenant, idOf(tenant), "", Priority.DEFAULT, Set.of(), quota, false, true);
  }

  /** The number by which requests carry a tenant, the same in every process. */
  static long idOf(String tenant) {
    return tenant.isEmpty() ? 0 : Conversation.digest(tenant);
  }

  /** Whether nobody knows who it is. */
  public boolean anonymous() {
    return tenant.isEmpty();
  }

  /** What it may use of a pool, within what it may use of all. */
  public Quota quotaIn(String pool) {
    return inPools.isEmpty() ? Quota.UNLIMITED : inPools.getOrDefault(pool, Quota.UNLIMITED);
  }

  /** Whether it has limits that hold in a pool. */
  public boolean limitedIn(String pool) {
    return !quota.equals(Quota.UNLIMITED) || !quotaIn(pool).equals(Quota.UNLIMITED);
  }

  /** Whether it may use a pool of that name. */
  public boolean mayUse(String pool) {
    return pools.isEmpty() || pools.contains(pool);
  }
}
