package dev.caravan.route;

import dev.caravan.fleet.Backend;
import dev.caravan.fleet.PoolPolicy;
import dev.caravan.ingress.EndpointsBelow;
import dev.caravan.limit.Ledger;
import dev.caravan.limit.Refusal;
import dev.caravan.limit.Reservation;
import dev.caravan.request.Api;
import dev.caravan.request.InferenceRequest;
import dev.caravan.route.parameter.PoolParameters;
import dev.caravan.route.server.ServerGroup;
import dev.caravan.tenant.Client;
import dev.caravan.tenant.Quota;
import dev.caravan.upstream.Call;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.apache.camel.AsyncCallback;
import org.apache.camel.Consumer;
import org.apache.camel.Exchange;
import org.apache.camel.MultipleConsumersSupport;
import org.apache.camel.Processor;
import org.apache.camel.Producer;
import org.apache.camel.support.DefaultAsyncProducer;
import org.apache.camel.support.DefaultConsumer;
import org.apache.camel.support.DefaultEndpoint;
import org.jspecify.annotations.Nullable;

/** One pool as Camel sees it. */
final class PoolEndpoint extends DefaultEndpoint implements MultipleConsumersSupport {
  private final String name;
  private final Set<String> aliases;
  private final PoolPolicy policy;
  private final Pools pools;
  private final PoolRoads roads;
  private final Ledger ledger;

  PoolEndpoint(
      String uri,
      PoolComponent component,
      PoolParameters said,
      Pools pools,
      PoolRoads roads,
      Ledger ledger) {
    super(uri, component);
    this.name = said.name();
    this.aliases = Set.copyOf(said.aliases());
    this.policy = said.policy();
    this.pools = pools;
    this.roads = roads;
    this.ledger = ledger;
  }

  String name() {
    return name;
  }

  @Override
  public Consumer createConsumer(Processor processor) {
    if (name.equals("*")) {
      throw new IllegalArgumentException("pool:* is for sending; a route needs the pool's name");
    }
    return new DefaultConsumer(this, processor) {
      private final Runnable changed = this::refresh;
      private List<Behind> behind = List.of();

      @Override
      protected void doStart() throws Exception {
        super.doStart();
        List<ModelEndpoint> models = EndpointsBelow.of(getRoute().navigate(), ModelEndpoint.class);
        models.forEach(model -> model.servedAs(name));
        behind = models.stream().map(Behind::of).toList();
        List<ServerGroup> found =
            behind.stream().map(Behind::many).filter(Objects::nonNull).toList();
        for (ServerGroup each : found) {
          each.awaitAnswer();
          each.onChange(changed);
        }
        roads.opened(
            pools.open(this, name, aliases, getAsyncProcessor(), policy, backends()), policy);
        if (!found.isEmpty()) {
          refresh(); // for what came between the two
        }
      }

      private void refresh() {
        pools.servers(this, backends());
      }

      private List<Backend> backends() {
        return behind.stream().flatMap(each -> each.servers().stream()).distinct().toList();
      }

      @Override
      protected void doStop() throws Exception {
        behind.forEach(each -> each.offChange(changed));
        pools.close(this);
        super.doStop();
      }
    };
  }

  @Override
  public Producer createProducer() {
    return new DefaultAsyncProducer(this) {
      @Override
      public boolean process(Exchange exchange, AsyncCallback callback) {
        return send(exchange, callback);
      }
    };
  }

  private boolean send(Exchange exchange, AsyncCallback callback) {
    if (!(exchange.getIn().getBody() instanceof Call call)) {
      exchange.setException(
          new IllegalStateException("pool:" + name + " was sent something that is not a request"));
      callback.done(true);
      return true;
    }
    Pools.Open pool = name.equals("*") ? pools.serving(call.request().model()) : pools.meant(name);
    if (pool == null || (call.home() == null && !call.client().mayUse(pool.pool().name()))) {
      // A client that may not use it is told the same: what there is for others is not its
      // business.
      exchange.setException(new NoSuchModel());
      callback.done(true);
      return true;
    }
    Quota limits = pool.policy().limits();
    boolean limited = !limits.equals(Quota.UNLIMITED) || call.client().limitedIn(pool.name());
    boolean queue = pool.policy().queue().on();
    if ((limited || queue) && !call.loop().inEventLoop()) {
      // A step before this one went on in a thread of its own: what is reserved, and the place in
      // a queue, belong to the loop.
      call.loop().execute(() -> send(exchange, callback));
      return false;
    }
    call.pool(pool.pool());
    try {
      RouteProperties.apply(exchange, call);
    } catch (IllegalArgumentException e) {
      exchange.setException(e);
      callback.done(true);
      return true;
    }
    OverLimit over = limited ? reserve(call, pool.name(), limits) : null;
    if (over != null) {
      exchange.setException(over);
      callback.done(true);
      return true;
    }
    if (!queue) {
      return pool.route().process(exchange, callback);
    }
    PoolRoad road = roads.of(pool.pool());
    if (!call.request().background()) {
      new Queued(pools, pool.pool(), road, exchange, call, callback).start(pool.route());
      return false;
    }
    if (road.queue().busy()) {
      exchange.setException(NobodyEligible.roomless(pool.name(), pool.backends()));
      callback.done(true);
      return true;
    }
    return pool.route().process(exchange, callback);
  }

  private @Nullable OverLimit reserve(Call call, String pool, Quota limits) {
    call.reserve(null); // what another pool had of it
    if (call.abandoned()) {
      return null;
    }
    InferenceRequest request = call.request();
    Client client = call.client();
    Reservation taken =
        ledger.reserve(
            new Ledger.Quotas(
                client.tenant(),
                client.listed(),
                client.quota(),
                client.quotaIn(pool),
                pool,
                limits),
            request.promptTokens(),
            request.maxTokens(),
            request.api() != Api.EMBEDDINGS);
    call.reserve(taken);
    Refusal refusal = taken == null ? null : taken.refusal();
    return refusal == null ? null : new OverLimit(refusal);
  }

  /** One at a time, and another beside it while a change of the routes is made. */
  @Override
  public boolean isMultipleConsumersSupported() {
    return true;
  }

  @Override
  public boolean isSingleton() {
    return true;
  }
}
