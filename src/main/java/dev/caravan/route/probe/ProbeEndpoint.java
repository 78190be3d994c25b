package dev.caravan.route.probe;

import org.apache.camel.Consumer;
import org.apache.camel.Processor;
import org.apache.camel.Producer;
import org.apache.camel.support.DefaultEndpoint;

/** One server's probe, as a route's {@code from} names it. */
final class ProbeEndpoint extends DefaultEndpoint {
  private final ProbeComponent component;
  private final String server;
  private final long periodMillis;
  private final long firstTokenMillis;
  private final long timeoutMillis;
  private final int budget;
  private final int jitterPercent;

  ProbeEndpoint(
      String uri,
      ProbeComponent component,
      String server,
      long periodMillis,
      long firstTokenMillis,
      long timeoutMillis,
      int budget,
      int jitterPercent) {
    super(uri, component);
    this.component = component;
    this.server = server;
    this.periodMillis = periodMillis;
    this.firstTokenMillis = firstTokenMillis;
    this.timeoutMillis = timeoutMillis;
    this.budget = budget;
    this.jitterPercent = jitterPercent;
  }

  @Override
  public Producer createProducer() {
    throw new UnsupportedOperationException(
        "probe:" + server + " can only be where a route starts from");
  }

  @Override
  public Consumer createConsumer(Processor processor) throws Exception {
    ProbeConsumer consumer = new ProbeConsumer(this, processor);
    configureConsumer(consumer);
    return consumer;
  }

  ProbeComponent component() {
    return component;
  }

  String server() {
    return server;
  }

  long periodMillis() {
    return periodMillis;
  }

  long firstTokenMillis() {
    return firstTokenMillis;
  }

  long timeoutMillis() {
    return timeoutMillis;
  }

  /** Prompts an hour. */
  int budget() {
    return budget;
  }

  int jitterPercent() {
    return jitterPercent;
  }
}
