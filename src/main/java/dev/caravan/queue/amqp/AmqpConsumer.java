package dev.caravan.queue.amqp;

import dev.caravan.ingress.EndpointsBelow;
import dev.caravan.queue.Intake;
import dev.caravan.queue.IntakeEndpoint;
import java.util.List;
import org.apache.camel.Processor;
import org.apache.camel.ShutdownRunningTask;
import org.apache.camel.component.jms.EndpointMessageListener;
import org.apache.camel.component.jms.JmsConfiguration;
import org.apache.camel.component.jms.JmsConsumer;
import org.apache.camel.component.jms.JmsEndpoint;
import org.apache.camel.spi.ShutdownAware;
import org.jspecify.annotations.Nullable;
import org.springframework.jms.listener.AbstractMessageListenerContainer;

/**
 * A consumer of {@code amqp:}. When it starts it looks where its route leads; if to an intake, its
 * messages are lent. A route that is stopped takes no more messages at once, and its sessions stay
 * open, for as long as Camel waits, until the loans have ended.
 */
final class AmqpConsumer extends JmsConsumer implements ShutdownAware {
  // Made within the constructor above: an initializer here would undo that.
  @SuppressWarnings("NullAway.Init")
  private @Nullable AmqpListener listener;

  AmqpConsumer(
      JmsEndpoint endpoint, Processor processor, AbstractMessageListenerContainer container) {
    super(endpoint, processor, container);
  }

  @Override
  public EndpointMessageListener getEndpointMessageListener() {
    AmqpListener made = listener;
    if (made == null) {
      made = new AmqpListener(this, getEndpoint(), getProcessor());
      configure(made, getEndpoint().getConfiguration());
      listener = made;
    }
    return made;
  }

  private void configure(AmqpListener made, JmsConfiguration as) {
    made.setBinding(getEndpoint().getBinding());
    made.setAsync(as.isAsyncConsumer());
    made.setDisableReplyTo(as.isDisableReplyTo());
    made.setEagerLoadingOfProperties(as.isEagerLoadingOfProperties());
    if (as.getEagerPoisonBody() != null) {
      made.setEagerPoisonBody(as.getEagerPoisonBody());
    }
    if (as.getReplyTo() != null) {
      made.setReplyToDestination(as.getReplyTo());
    }
  }

  @Override
  protected void doStart() throws Exception {
    List<Intake> intakes = intakes();
    if (!intakes.isEmpty()) {
      AmqpListener jobs = (AmqpListener) getEndpointMessageListener();
      jobs.receiveJobs(new JobBinding(getEndpoint()));
      if (!(getListenerContainer() instanceof AmqpContainer container)) {
        throw new IllegalArgumentException(
            getEndpoint() + ": a route to jobs needs the consumerType that this component has");
      }
      if (getEndpoint().isTransacted()) {
        container.heed(intakes);
      } else {
        container.lendTo(intakes);
        jobs.lend(container);
      }
    }
    super.doStart();
  }

  private List<Intake> intakes() {
    if (getRoute() == null) {
      return List.of();
    }
    return EndpointsBelow.of(getRoute().navigate(), IntakeEndpoint.class).stream()
        .map(IntakeEndpoint::intake)
        .distinct()
        .toList();
  }

  @Override
  public boolean deferShutdown(ShutdownRunningTask task) {
    return false;
  }

  @Override
  public int getPendingExchangesSize() {
    try {
      return getListenerContainer() instanceof AmqpContainer container ? container.lent() : 0;
    } catch (Exception e) {
      return 0; // it has no container any more
    }
  }

  @Override
  public void prepareShutdown(boolean suspendOnly, boolean forced) {}
}
