package dev.caravan.queue.amqp;

import jakarta.jms.JMSException;
import jakarta.jms.Message;
import java.util.HashMap;
import java.util.Map;
import org.apache.camel.Exchange;
import org.apache.camel.component.jms.JmsBinding;
import org.apache.camel.component.jms.JmsEndpoint;
import org.jspecify.annotations.Nullable;

/**
 * What Camel sees of a message that is to be a job: its bytes. No property of a message becomes a
 * header of an exchange, so none can tell Camel's components what to do, however it is spelled, and
 * no object is read from it.
 */
final class JobBinding extends JmsBinding {

  JobBinding(JmsEndpoint endpoint) {
    super(endpoint);
  }

  @Override
  public @Nullable Object extractBodyFromJms(Exchange exchange, Message message) {
    try {
      return MessageBytes.of(message);
    } catch (MessageBytes.None | JMSException e) {
      return null;
    }
  }

  @Override
  public Map<String, Object> extractHeadersFromJms(Message message, Exchange exchange) {
    return new HashMap<>();
  }

  /** What Camel asks for a single header with, before it has read all. */
  @SuppressWarnings("deprecation") // what took its place calls this
  @Override
  public @Nullable Object getObjectProperty(Message message, String name) {
    return null;
  }
}
