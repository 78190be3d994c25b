package dev.caravan.ingress;

import org.apache.camel.MultipleConsumersSupport;
import org.apache.camel.component.netty.http.NettyHttpEndpoint;

/** An address of the inference port. */
final class GatewayHttpEndpoint extends NettyHttpEndpoint implements MultipleConsumersSupport {

  /** The same as Camel has made. */
  GatewayHttpEndpoint(NettyHttpEndpoint made, GatewayHttpComponent component) {
    super(made.getEndpointUri(), component, made.getConfiguration());
    setNettyHttpBinding(made.getNettyHttpBinding());
    setHeaderFilterStrategy(made.getHeaderFilterStrategy());
    setSecurityConfiguration(made.getSecurityConfiguration());
    setNettySharedHttpServer(made.getNettySharedHttpServer());
    setExchangePattern(made.getExchangePattern());
  }

  /** One at a time, and another beside it while a change of the routes is made. */
  @Override
  public boolean isMultipleConsumersSupported() {
    return true;
  }
}
