package dev.caravan.route;

import dev.caravan.route.parameter.ModelParameters;
import dev.caravan.route.server.ServerGroup;
import dev.caravan.route.server.ServerGroups;
import dev.caravan.route.server.Servers;
import dev.caravan.upstream.UpstreamClient;
import io.netty.channel.EventLoopGroup;
import java.util.Map;
import java.util.TreeMap;
import org.apache.camel.Endpoint;
import org.apache.camel.support.DefaultComponent;
import org.jspecify.annotations.Nullable;

/**
 * {@code model:NAME}: one model server, or those that are found for it. Sent a request, it streams
 * the answer; sent a text (by a probe), it collects the answer and leaves it as text.
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
    ModelParameters said = servers.said(remaining, given);
    if (group(remaining, said, true) == null) {
      servers.named(remaining, said);
    }
    return new ModelEndpoint(uri, this, remaining, said);
  }

  /**
   * The servers for which an endpoint stands; null where it means one.
   *
   * @param anew whether the endpoint is new, so that what it says counts
   */
  @Nullable ServerGroup group(String name, @Nullable ModelParameters said, boolean anew) {
    ServerGroups groups = servers.groups();
    if (said != null && said.discover() == null) {
      return null;
    }
    ServerGroup known = groups == null ? null : groups.find(name);
    if (said == null || (known != null && !anew)) {
      return known;
    }
    if (groups == null) {
      throw new IllegalArgumentException("model:" + name + ": nothing can be discovered here");
    }
    return groups.named(name, said);
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
