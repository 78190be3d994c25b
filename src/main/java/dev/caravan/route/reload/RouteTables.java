package dev.caravan.route.reload;

import dev.caravan.health.Breakers;
import dev.caravan.ingress.GatewayHttpComponent;
import dev.caravan.route.DirectRoutes;
import dev.caravan.route.Pools;
import dev.caravan.route.jobs.Jobs;
import dev.caravan.route.server.Servers;
import java.util.Collection;
import java.util.Set;
import java.util.function.Predicate;
import org.apache.camel.Consumer;

/**
 * Everything that routes change when they start, and that is changed in one step when many of them
 * take the place of others: which pools are open, what is said of servers, who listens where. A
 * change is made by one thread, from {@link #stage} to {@link #commit} or {@link #drop}.
 */
public record RouteTables(
    Pools pools,
    Servers servers,
    Breakers breakers,
    DirectRoutes direct,
    Jobs jobs,
    GatewayHttpComponent http) {

  /** A change begins. */
  void stage(Predicate<Consumer> leaves) {
    direct.stage(leaves);
    breakers.stage();
    servers.stage();
    pools.stage(by -> by instanceof Consumer consumer && leaves.test(consumer));
    jobs.stage(leaves);
    http.stage(leaves);
  }

  /**
   * The change is made.
   *
   * @param mentions every mention of a server in the routes, in the order of the files
   * @return the servers that are named no more
   * @throws IllegalArgumentException where the servers cannot be as the routes say: then nothing
   *     has changed yet
   */
  Set<String> commit(Collection<Servers.Mention> mentions) {
    Servers.Plan plan = servers.plan(mentions);
    // Each of these may be asked between any two, so that whoever sends comes after whom it sends
    // to.
    breakers.commit();
    Set<String> gone = servers.commit(plan);
    direct.commit();
    pools.commit();
    pools.eachServer(servers::servedAs);
    jobs.commit();
    http.commit();
    return gone;
  }

  /** The change is not made; when all that had started for it has stopped. */
  void drop() {
    http.drop();
    jobs.drop();
    pools.drop();
    servers.drop();
    breakers.drop();
    direct.drop();
  }
}
