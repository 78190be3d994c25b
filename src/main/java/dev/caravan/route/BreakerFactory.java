package dev.caravan.route;

import org.apache.camel.Processor;
import org.apache.camel.Route;
import org.apache.camel.model.CircuitBreakerDefinition;
import org.apache.camel.support.TypedProcessorFactory;

/**
 * Makes Caravan's circuit breaker of Camel's {@code circuitBreaker}. Camel finds it by {@code
 * META-INF/services/org/apache/camel/model/CircuitBreakerDefinition}.
 */
public final class BreakerFactory extends TypedProcessorFactory<CircuitBreakerDefinition> {

  public BreakerFactory() {
    super(CircuitBreakerDefinition.class);
  }

  @Override
  public Processor doCreateProcessor(Route route, CircuitBreakerDefinition definition)
      throws Exception {
    return new BreakerReifier(route, definition).createProcessor();
  }
}
