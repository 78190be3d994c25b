package dev.caravan.route;

import dev.caravan.fleet.Backend;
import dev.caravan.route.parameter.ModelParameters;
import dev.caravan.route.server.ServerGroup;
import dev.caravan.route.server.Servers;
import org.apache.camel.Consumer;
import org.apache.camel.Processor;
import org.apache.camel.Producer;
import org.apache.camel.support.DefaultEndpoint;
import org.jspecify.annotations.Nullable;

/** One model server as Camel sees it, or those that are found where its endpoint says. */
public final class ModelEndpoint extends DefaultEndpoint {
  private final ModelComponent component;
  private final String name;
  private final @Nullable ModelParameters said;

  /**
   * An endpoint, which may outlive what is known of its server.
   *
   * @param said what it says of the server; null where it only names it
   */
  ModelEndpoint(String uri, ModelComponent component, String name, @Nullable ModelParameters said) {
    super(uri, component);
    this.component = component;
    this.name = name;
    this.said = said;
  }

  /** The server in the fleet, where it is one. */
  public Backend backend() {
    return component.servers().backend(name, said);
  }

  /** Those for which it stands; null where it is one server. */
  @Nullable ServerGroup group() {
    return component.group(name, said, false);
  }

  /** What it says, and of whom. */
  public Servers.Mention mention() {
    return new Servers.Mention(name, said);
  }

  /** A pool that it answers for: what a probe calls its model. */
  void servedAs(String pool) {
    ServerGroup many = group();
    if (many != null) {
      many.servedAs(pool);
    } else {
      component.servers().servedAs(pool, name);
    }
  }

  @Override
  public Producer createProducer() {
    ServerGroup many = group();
    return many == null
        ? new ModelProducer(this, component, backend())
        : new GroupProducer(this, component, many);
  }

  @Override
  public Consumer createConsumer(Processor processor) {
    throw new UnsupportedOperationException("model: is for sending to; requests come from pool:");
  }
}
