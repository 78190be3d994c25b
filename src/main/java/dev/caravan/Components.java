package dev.caravan;

import dev.caravan.health.Breakers;
import dev.caravan.ingress.GatewayHttpComponent;
import dev.caravan.route.DirectRoutes;
import dev.caravan.route.ErrorAnswer;
import dev.caravan.route.ModelComponent;
import dev.caravan.route.PoolComponent;
import dev.caravan.route.PoolRoads;
import dev.caravan.route.Resumptions;
import dev.caravan.route.ServerBalancer;
import dev.caravan.route.probe.ProbeAnswer;
import dev.caravan.route.probe.ProbeComponent;
import dev.caravan.select.Balancers;
import dev.caravan.select.Means;
import org.apache.camel.CamelContext;
import org.apache.camel.processor.loadbalancer.LoadBalancer;

/** What routes may name: components by their schemes, beans and balancers. */
record Components(
    GatewayHttpComponent http,
    DirectRoutes direct,
    PoolComponent pool,
    ModelComponent model,
    ProbeComponent probe,
    Breakers breakers,
    ErrorAnswer errors,
    Means means,
    PoolRoads roads,
    Resumptions resumptions) {

  /** Makes them known to Camel; before any route is read. */
  void install(CamelContext camel) {
    camel.addComponent("netty-http", http);
    camel.addComponent("direct", direct);
    camel.addComponent("pool", pool);
    camel.addComponent("model", model);
    camel.addComponent("probe", probe);
    camel.getRegistry().bind("breakers", breakers);
    camel.getRegistry().bind("probe-answer", new ProbeAnswer());
    camel.getRegistry().bind("error-answer", errors);
    for (String name : Balancers.names()) {
      // Each loadBalance step gets its own: Camel adds the step's outputs to the instance.
      camel
          .getRegistry()
          .bindAsPrototype(
              name,
              LoadBalancer.class,
              () -> new ServerBalancer(Balancers.named(name, means), roads, resumptions));
    }
    Parts.withoutErrorHandlers(camel);
  }
}
