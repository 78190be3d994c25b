package dev.caravan.route;

import dev.caravan.upstream.UpstreamClient;
import io.netty.channel.EventLoopGroup;
import java.util.Map;
import java.util.TreeMap;
import org.apache.camel.Endpoint;
import org.apache.camel.support.DefaultComponent;

/**
 * {@code model:NAME}: one model server. Sent a request, it streams the answer; sent a text (by a
 * probe), it collects the answer and leaves it as text.
 */
public final class ModelComponent extends DefaultComponent {
  private final Servers servers;
  private final UpstreamClient client;
  private final EventLoopGroup loops;

  /**
   * A component to be registered as {@code model}.
   *
   * @param loops where texts are sent from; a request has its own loop
   */
  public ModelComponent(Servers servers, UpstreamClient client, EventLoopGroup loops) {
    this.servers = servers;
    this.client = client;
    this.loops = loops;
  }

  @Override
  protected Endpoint createEndpoint(String uri, String remaining, Map<String, Object> parameters) {
    Map<String, String> given = new TreeMap<>();
    parameters.forEach((name, value) -> given.put(name, String.valueOf(value)));
    parameters.clear();
    return new ModelEndpoint(uri, this, servers.named(remaining, given));
  }

  Servers servers() {
    return servers;
  }

  UpstreamClient client() {
    return client;
  }

  EventLoopGroup loops() {
    return loops;
  }
}
