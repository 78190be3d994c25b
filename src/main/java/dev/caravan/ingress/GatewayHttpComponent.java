package dev.caravan.ingress;

import dev.caravan.upstream.Transport;
import io.netty.channel.EventLoopGroup;
import org.apache.camel.component.netty.http.HttpServerBootstrapFactory;
import org.apache.camel.component.netty.http.NettyHttpComponent;
import org.apache.camel.component.netty.http.NettyHttpConsumer;

/**
 * Camel's {@code netty-http}, with a pipeline that streams: consumers of this component share one
 * {@link HttpIngress}, which answers token by token where the stock pipeline would hold an answer
 * until its end.
 */
public final class GatewayHttpComponent extends NettyHttpComponent {
  private final HttpIngress ingress;
  private final Transport transport;
  private final EventLoopGroup loops;

  /**
   * A component to be registered as {@code netty-http}.
   *
   * @param loops accept connections and carry them; owned by the caller
   */
  public GatewayHttpComponent(HttpIngress ingress, Transport transport, EventLoopGroup loops) {
    this.ingress = ingress;
    this.transport = transport;
    this.loops = loops;
    setMuteException(true);
  }

  @Override
  protected HttpServerBootstrapFactory getOrCreateHttpNettyServerBootstrapFactory(
      NettyHttpConsumer consumer) {
    return new GatewayServer(consumer, ingress, transport, loops);
  }
}
