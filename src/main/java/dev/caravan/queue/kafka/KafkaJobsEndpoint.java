package dev.caravan.queue.kafka;

import java.util.Map;
import org.apache.camel.Consumer;
import org.apache.camel.Processor;
import org.apache.camel.component.kafka.KafkaEndpoint;

/** A {@code kafka:} endpoint; whether its consumers are of jobs is seen when they start. */
final class KafkaJobsEndpoint extends KafkaEndpoint {
  private final KafkaJobsComponent component;
  private final Map<String, String> given;
  private final int outstanding;

  /**
   * An endpoint like another.
   *
   * @param stock the one that Camel has made from the parameters
   * @param given the parameters as the route has them
   * @param outstanding jobs that each consumer of jobs may have at a time
   */
  KafkaJobsEndpoint(
      String uri,
      KafkaJobsComponent component,
      KafkaEndpoint stock,
      Map<String, String> given,
      int outstanding) {
    super(uri, component);
    this.component = component;
    this.given = Map.copyOf(given);
    this.outstanding = outstanding;
    setConfiguration(stock.getConfiguration());
    setKafkaClientFactory(stock.getKafkaClientFactory());
    setKafkaManualCommitFactory(stock.getKafkaManualCommitFactory());
    setBridgeErrorHandler(stock.isBridgeErrorHandler());
    setExceptionHandler(stock.getExceptionHandler());
    setExchangePattern(stock.getExchangePattern());
    setLazyStartProducer(stock.isLazyStartProducer());
    setAutowiredEnabled(stock.isAutowiredEnabled());
  }

  @Override
  public KafkaJobsComponent getComponent() {
    return component;
  }

  /** The parameters as the route has them. */
  Map<String, String> given() {
    return given;
  }

  /** Jobs of a consumer that are in flight or not known to be committed, at most. */
  int outstanding() {
    return outstanding;
  }

  /** A consumer may change its settings: it gets an endpoint of its own. */
  @Override
  public Consumer createConsumer(Processor processor) throws Exception {
    KafkaJobsEndpoint own =
        new KafkaJobsEndpoint(getEndpointUri(), component, this, given, outstanding);
    own.setConfiguration(getConfiguration().copy());
    own.doBuild();
    KafkaJobsConsumer consumer =
        new KafkaJobsConsumer(own, new KafkaJobsConsumer.Hand(processor, component.ticker()));
    own.configureConsumer(consumer);
    return consumer;
  }
}
