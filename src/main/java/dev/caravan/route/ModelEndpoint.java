package dev.caravan.route;

import dev.caravan.fleet.Backend;
import org.apache.camel.Consumer;
import org.apache.camel.Processor;
import org.apache.camel.Producer;
import org.apache.camel.support.DefaultEndpoint;

/** One model server as Camel sees it. */
public final class ModelEndpoint extends DefaultEndpoint {
  private final ModelComponent component;
  private final Servers.Server server;

  ModelEndpoint(String uri, ModelComponent component, Servers.Server server) {
    super(uri, component);
    this.component = component;
    this.server = server;
  }

  /** The server in the fleet. */
  public Backend backend() {
    return server.backend();
  }

  /** A pool that it answers for: what a probe calls its model. */
  void servedAs(String pool) {
    server.target().servedAs(pool);
  }

  @Override
  public Producer createProducer() {
    return new ModelProducer(this, component, server);
  }

  @Override
  public Consumer createConsumer(Processor processor) {
    throw new UnsupportedOperationException("model: is for sending to; requests come from pool:");
  }
}
