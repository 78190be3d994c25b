package dev.caravan.route;

import dev.caravan.fleet.PoolPolicy;
import dev.caravan.ingress.HttpIngress;
import dev.caravan.request.Api;
import dev.caravan.request.InferenceRequest;
import dev.caravan.request.InvalidRequest;
import dev.caravan.select.DryRun;
import io.netty.buffer.Unpooled;
import io.netty.util.NetUtil;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.camel.Route;
import org.apache.camel.RouteAware;
import org.apache.camel.model.LoadBalanceDefinition;
import org.apache.camel.model.Model;
import org.apache.camel.model.ProcessorDefinition;
import org.apache.camel.model.RouteDefinition;
import org.jspecify.annotations.Nullable;

/**
 * Finds the balancers of a pool's route and asks them what they would do. The route itself is not
 * run: what it says before it balances is not known here, and the answer says so.
 */
public final class DryRuns implements DryRun {
  private final HttpIngress ingress;
  private final Pools pools;

  /**
   * Over those pools.
   *
   * @param ingress reads requests
   */
  public DryRuns(HttpIngress ingress, Pools pools) {
    this.ingress = ingress;
    this.pools = pools;
  }

  @Override
  public int maxBody() {
    return ingress.maxBody();
  }

  @Override
  public @Nullable Foretold emptyChat(String model) {
    if (pools.serving(model) == null) {
      return null;
    }
    // The names of pools have no character that JSON escapes.
    String body = "{\"model\":\"" + model + "\",\"messages\":[]}";
    try {
      return request(Api.CHAT_COMPLETIONS, List.of(), body.getBytes(StandardCharsets.UTF_8), null);
    } catch (InvalidRequest e) {
      throw new IllegalStateException(body, e);
    }
  }

  @Override
  public @Nullable Foretold request(
      Api api, List<Map.Entry<String, String>> headers, byte[] body, @Nullable String client)
      throws InvalidRequest {
    byte[] address = client == null ? null : NetUtil.createByteArrayFromIpAddressString(client);
    InferenceRequest asked =
        ingress.imagine(
            api,
            headers,
            Unpooled.wrappedBuffer(body),
            address == null ? null : new InetSocketAddress(client, 0));
    Pools.Open pool = pools.serving(asked.model());
    Route route = pool == null ? null : route(pool);
    return pool == null || route == null ? null : foretold(pool, route, asked);
  }

  private static @Nullable Route route(Pools.Open pool) {
    return pool.by() instanceof RouteAware aware ? aware.getRoute() : null;
  }

  private static Foretold foretold(Pools.Open pool, Route route, InferenceRequest asked) {
    List<ServerBalancer> balancers = ServerBalancer.of(route);
    PoolPolicy policy = pool.pool().policy();
    List<String> notes = new ArrayList<>();
    if (balancers.isEmpty()) {
      notes.add("The pool's route has no loadBalance step with a balancer of Caravan's.");
    } else if (balancers.size() > 1) {
      notes.add(
          "The pool's route has "
              + balancers.size()
              + " loadBalance steps: to which of them a request comes, its other steps say.");
    }
    if (!balancesOnly(route)) {
      notes.add(
          "The route's other steps were not run: what they would make of the request, such as its"
              + " conversation or tenant, does not count here.");
    }
    return new Foretold(
        pool.name(), balancers.stream().map(each -> each.foretell(asked, policy)).toList(), notes);
  }

  private static boolean balancesOnly(Route route) {
    Model model = route.getCamelContext().getCamelContextExtension().getContextPlugin(Model.class);
    RouteDefinition definition =
        model == null ? null : model.getRouteDefinition(route.getRouteId());
    if (definition == null) {
      return false;
    }
    List<ProcessorDefinition<?>> steps = definition.getOutputs();
    return steps.size() == 1 && steps.get(0) instanceof LoadBalanceDefinition;
  }
}
