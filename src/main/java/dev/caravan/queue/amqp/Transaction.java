package dev.caravan.queue.amqp;

import dev.caravan.queue.Delivery;
import org.apache.camel.Exchange;

/**
 * A message that its session's transaction ends, when the exchange does: committed where the route
 * ends well, rolled back where it fails. Whoever uses this must not end the exchange before it has
 * called one of the two.
 */
record Transaction(Exchange exchange) implements Delivery {

  /** Nothing: the transaction will be committed. */
  @Override
  public void settle() {}

  @Override
  public void handBack() {
    exchange.setRollbackOnly(true);
  }

  @Override
  public boolean consumerMayWait() {
    return true;
  }
}
