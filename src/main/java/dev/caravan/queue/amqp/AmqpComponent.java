package dev.caravan.queue.amqp;

import dev.caravan.time.Ticker;
import jakarta.jms.Message;
import jakarta.jms.Session;
import java.util.Map;
import org.apache.camel.Endpoint;
import org.apache.camel.Exchange;
import org.apache.camel.Processor;
import org.apache.camel.component.amqp.AMQPComponent;
import org.apache.camel.component.jms.ConsumerType;
import org.apache.camel.component.jms.JmsComponent;
import org.apache.camel.component.jms.JmsConfiguration;
import org.apache.camel.component.jms.JmsConsumer;
import org.apache.camel.component.jms.JmsEndpoint;
import org.apache.camel.component.jms.JmsHeaderFilterStrategy;
import org.apache.camel.component.jms.JmsQueueEndpoint;
import org.apache.camel.component.jms.QueueBrowseStrategy;
import org.apache.camel.spi.HeaderFilterStrategy;
import org.apache.qpid.jms.message.JmsMessage;
import org.apache.qpid.jms.provider.amqp.message.AmqpJmsMessageFacade;
import org.apache.qpid.proton.amqp.Symbol;
import org.jspecify.annotations.Nullable;
import org.springframework.jms.listener.AbstractMessageListenerContainer;

/**
 * Camel's {@code amqp}, in which a consumer whose route leads to an {@link
 * dev.caravan.queue.IntakeEndpoint} lends its messages instead of waiting for each. Everything else
 * is as Camel has it, but for this:
 *
 * <ul>
 *   <li>Producers share one connection; see {@link Brokers} for how long they wait.
 *   <li>Names of properties go over the wire as they are, {@code -} included.
 *   <li>{@code transacted=true} is a transaction of the session, without a transaction manager. A
 *       producer of this component sends within it, if the route gets there on the same thread, to
 *       which Camel comes back in a transacted route.
 *   <li>A header {@code Content-Type} becomes the message's content-type. Send bytes, not text: a
 *       data section is what clients of every language read, and some read nothing else.
 * </ul>
 */
public final class AmqpComponent extends AMQPComponent {
  private final Brokers brokers;
  private final HeaderFilterStrategy headers = new ContentTypeIsNoProperty();

  /**
   * A component to be registered as {@code amqp}.
   *
   * @param url as Qpid JMS reads it, such as {@code amqp://broker:5672} or {@code
   *     failover:(amqp://a,amqp://b)}; what it says outweighs what is set here
   * @param username null for none
   * @param password null for none
   * @throws IllegalArgumentException where the URL is none
   */
  public AmqpComponent(
      String url, @Nullable String username, @Nullable String password, Ticker ticker) {
    brokers = new Brokers(url, username, password, ticker);
    JmsConfiguration all = getConfiguration();
    all.setConnectionFactory(brokers.shared());
    all.setLazyCreateTransactionManager(false);
    all.setMessageCreatedStrategy(AmqpComponent::setContentType);
    all.setConsumerType(ConsumerType.Custom);
    all.setMessageListenerContainerFactory(endpoint -> new AmqpContainer(endpoint, brokers));
  }

  @Override
  protected Endpoint createEndpoint(String uri, String remaining, Map<String, Object> parameters)
      throws Exception {
    // Said here, for what is said of all endpoints is overwritten with nothing.
    parameters.putIfAbsent("jmsKeyFormatStrategy", "passthrough");
    return super.createEndpoint(uri, remaining, parameters);
  }

  @Override
  public HeaderFilterStrategy getHeaderFilterStrategy() {
    return headers;
  }

  @Override
  protected void doStop() throws Exception {
    super.doStop();
    brokers.shared().destroy();
  }

  @Override
  protected JmsEndpoint createQueueEndpoint(
      String uri,
      JmsComponent component,
      String queue,
      JmsConfiguration configuration,
      QueueBrowseStrategy browsing) {
    return new QueueEndpoint(uri, component, queue, configuration, browsing);
  }

  @Override
  protected JmsEndpoint createTopicEndpoint(
      String uri, JmsComponent component, String topic, JmsConfiguration configuration) {
    return new TopicEndpoint(uri, component, topic, configuration);
  }

  private static void setContentType(
      Message message, Session session, Exchange exchange, @Nullable Throwable cause) {
    String type = exchange.getMessage().getHeader(Exchange.CONTENT_TYPE, String.class);
    if (type != null
        && message instanceof JmsMessage ours
        && ours.getFacade() instanceof AmqpJmsMessageFacade facade) {
      facade.setContentType(Symbol.valueOf(type));
    }
  }

  private static JmsConsumer consumer(
      JmsEndpoint endpoint, Processor processor, AbstractMessageListenerContainer container)
      throws Exception {
    JmsConsumer consumer = new AmqpConsumer(endpoint, processor, container);
    endpoint.configureListenerContainer(container, consumer);
    String replyTo = endpoint.getReplyTo();
    if (replyTo != null && replyTo.equals(endpoint.getDestinationName())) {
      throw new IllegalArgumentException(
          endpoint + ": replyTo=" + replyTo + " would send replies to itself");
    }
    return consumer;
  }

  private static final class QueueEndpoint extends JmsQueueEndpoint {
    QueueEndpoint(
        String uri,
        JmsComponent component,
        String queue,
        JmsConfiguration configuration,
        QueueBrowseStrategy browsing) {
      super(uri, component, queue, configuration, browsing);
    }

    @Override
    public JmsConsumer createConsumer(
        Processor processor, AbstractMessageListenerContainer container) throws Exception {
      JmsConsumer consumer = consumer(this, processor, container);
      configureConsumer(consumer);
      return consumer;
    }
  }

  private static final class TopicEndpoint extends JmsEndpoint {
    TopicEndpoint(
        String uri, JmsComponent component, String topic, JmsConfiguration configuration) {
      super(uri, component, topic, true, configuration);
    }

    @Override
    public JmsConsumer createConsumer(
        Processor processor, AbstractMessageListenerContainer container) throws Exception {
      JmsConsumer consumer = consumer(this, processor, container);
      configureConsumer(consumer);
      return consumer;
    }
  }

  private static final class ContentTypeIsNoProperty extends JmsHeaderFilterStrategy {
    ContentTypeIsNoProperty() {
      getOutFilter().add(Exchange.CONTENT_TYPE);
    }
  }
}
