package dev.caravan.ingress;

import org.apache.camel.component.netty.NettyConsumer;
import org.apache.camel.component.netty.http.HttpServerBootstrapFactory;
import org.apache.camel.component.netty.http.NettyHttpConsumer;
import org.apache.camel.component.netty.http.handlers.HttpServerMultiplexChannelHandler;

/** Listens on the inference port as long as its route runs. */
final class GatewayServer extends HttpServerBootstrapFactory {
  private final NettyHttpConsumer consumer;
  private final GatewayHttpComponent component;
  private boolean listens;

  GatewayServer(NettyHttpConsumer consumer, GatewayHttpComponent component) {
    super(new HttpServerMultiplexChannelHandler(), false);
    this.consumer = consumer;
    this.component = component;
  }

  @Override
  public void addConsumer(NettyConsumer started) {
    component.started(consumer);
  }

  @Override
  public void removeConsumer(NettyConsumer stopped) {
    component.stopped(consumer);
  }

  @Override
  protected void doStart() throws Exception {
    component.listen(consumer.getConfiguration().getHost(), consumer.getConfiguration().getPort());
    listens = true;
  }

  @Override
  protected void doStop() {
    if (listens) {
      listens = false;
      component.leave(consumer.getConfiguration().getHost(), consumer.getConfiguration().getPort());
    }
  }
}
