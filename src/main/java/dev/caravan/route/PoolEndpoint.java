package dev.caravan.route;

import dev.caravan.fleet.PoolPolicy;
import dev.caravan.upstream.Call;
import java.util.List;
import java.util.Set;
import org.apache.camel.AsyncCallback;
import org.apache.camel.Consumer;
import org.apache.camel.Exchange;
import org.apache.camel.Processor;
import org.apache.camel.Producer;
import org.apache.camel.support.DefaultAsyncProducer;
import org.apache.camel.support.DefaultConsumer;
import org.apache.camel.support.DefaultEndpoint;

/** One pool as Camel sees it. */
final class PoolEndpoint extends DefaultEndpoint {
  private final String name;
  private final Set<String> aliases;
  private final PoolPolicy policy;
  private final Pools pools;

  PoolEndpoint(String uri, PoolComponent component, PoolParameters said, Pools pools) {
    super(uri, component);
    this.name = said.name();
    this.aliases = Set.copyOf(said.aliases());
    this.policy = said.policy();
    this.pools = pools;
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
      @Override
      protected void doStart() throws Exception {
        super.doStart();
        List<ModelEndpoint> models = ModelEndpoints.below(getRoute().navigate());
        models.forEach(model -> model.servedAs(name));
        pools.open(
            name,
            aliases,
            getAsyncProcessor(),
            policy,
            models.stream().map(ModelEndpoint::backend).distinct().toList());
      }

      @Override
      protected void doStop() throws Exception {
        pools.close(name);
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
    Pools.Open pool = pools.serving(name.equals("*") ? call.request().model() : name);
    if (pool == null) {
      exchange.setException(new NoSuchModel());
      callback.done(true);
      return true;
    }
    call.pool(pool.pool());
    RouteProperties.apply(exchange, call);
    return pool.route().process(exchange, callback);
  }

  @Override
  public boolean isSingleton() {
    return true;
  }
}
