package dev.caravan.route;

import dev.caravan.fleet.PoolPolicy;
import dev.caravan.limit.Ledger;
import dev.caravan.route.parameter.PoolParameters;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.camel.Endpoint;
import org.apache.camel.support.DefaultComponent;

/**
 * {@code pool:NAME}: where requests for a model arrive, from whichever ingress. As a consumer it
 * opens the pool; as a producer it sends a request to it, and {@code pool:*} to whichever pool
 * serves the model that the request names.
 */
public final class PoolComponent extends DefaultComponent {
  private final Pools pools;
  private final Ledger ledger;
  private final PoolRoads roads;

  /**
   * The component.
   *
   * @param roads what the requests of a pool share
   * @param ledger what requests take of limits
   */
  public PoolComponent(Pools pools, PoolRoads roads, Ledger ledger) {
    this.pools = pools;
    this.ledger = ledger;
    this.roads = roads;
  }

  @Override
  protected Endpoint createEndpoint(String uri, String remaining, Map<String, Object> parameters) {
    Map<String, String> given = new TreeMap<>();
    parameters.forEach((name, value) -> given.put(name, String.valueOf(value)));
    parameters.clear();
    if (remaining.equals("*") && given.isEmpty()) {
      return new PoolEndpoint(
          uri, this, new PoolParameters("*", List.of(), PoolPolicy.DEFAULT), pools, roads, ledger);
    }
    return new PoolEndpoint(uri, this, PoolParameters.read(remaining, given), pools, roads, ledger);
  }
}
