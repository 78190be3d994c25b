package dev.caravan.queue.amqp;

import dev.caravan.queue.Delivery;
import dev.caravan.queue.QueueMessage;
import dev.caravan.queue.Received;
import dev.caravan.queue.Received.Unreadable;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import jakarta.jms.Destination;
import jakarta.jms.JMSException;
import jakarta.jms.Message;
import java.util.Collections;
import java.util.Enumeration;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import org.apache.camel.Exchange;
import org.apache.camel.component.jms.JmsMessage;
import org.apache.qpid.jms.JmsDestination;
import org.jspecify.annotations.Nullable;

/** Reads what came from {@code amqp:} into jobs. Immutable. */
public final class AmqpMessages implements Received.Reader {

  /** Where an exchange has the loan of its message. */
  static final String LOAN = "caravan.amqp.loan";

  private final int maxBytes;

  /**
   * A reader.
   *
   * @param maxBytes what the body of a job may have at most
   */
  public AmqpMessages(int maxBytes) {
    this.maxBytes = maxBytes;
  }

  /**
   * A message that is lent. Whoever reads it answers for it from then on, even where it is
   * unreadable: no end of the route ends the loan any more.
   *
   * @return null where it is no such message; one of {@code transacted=true} among them, for which
   *     there is {@link #readHeld}
   */
  @Override
  public @Nullable Received read(Exchange exchange) throws Unreadable {
    if (!(exchange.getProperty(LOAN) instanceof Loan loan)) {
      return null;
    }
    loan.take();
    return received(exchange, loan);
  }

  /**
   * A message of {@code transacted=true}. Its {@link Delivery#settle} does nothing, {@link
   * Delivery#handBack} marks the exchange as one to be rolled back.
   */
  @Override
  public @Nullable Received readHeld(Exchange exchange) throws Unreadable {
    return exchange.getProperty(LOAN) instanceof Transaction open ? received(exchange, open) : null;
  }

  private @Nullable Received received(Exchange exchange, Delivery delivery) throws Unreadable {
    if (!(exchange.getIn() instanceof JmsMessage in) || in.getJmsMessage() == null) {
      return null;
    }
    Message message = in.getJmsMessage();
    try {
      byte[] body = MessageBytes.of(message);
      Received received = received(message, body, delivery);
      if (body.length > maxBytes) {
        throw new Unreadable(
            "the message has " + body.length + " bytes, more than the " + maxBytes + " of a job",
            received);
      }
      return received;
    } catch (MessageBytes.None | JMSException e) {
      String reason = e.getMessage() == null ? "the message cannot be read" : e.getMessage();
      throw new Unreadable(reason, received(message, MessageBytes.raw(message), delivery));
    }
  }

  private static Received received(Message message, byte[] body, Delivery delivery) {
    try {
      return new Received(jobOf(message, Unpooled.wrappedBuffer(body)), delivery);
    } catch (JMSException e) {
      // Qpid JMS has the whole message in memory; a getter has nothing to fail by.
      throw new IllegalStateException("a message that cannot be read: " + e.getMessage(), e);
    }
  }

  private static QueueMessage jobOf(Message message, ByteBuf body) throws JMSException {
    return new QueueMessage(
        body,
        message.getStringProperty("JMSXGroupID"),
        headers(message),
        origin(message),
        message.getJMSTimestamp() > 0 ? message.getJMSTimestamp() : -1,
        message.getJMSExpiration() > 0 ? message.getJMSExpiration() : -1,
        Math.max(1, message.getIntProperty("JMSXDeliveryCount")),
        message.getJMSPriority(),
        address(message.getJMSReplyTo()),
        message.getJMSCorrelationID());
  }

  private static String origin(Message message) throws JMSException {
    String id = message.getJMSMessageID();
    String queue = address(message.getJMSDestination());
    return "queue " + (queue == null ? "?" : queue) + (id == null ? "" : ", message " + id);
  }

  private static @Nullable String address(@Nullable Destination destination) {
    return destination instanceof JmsDestination known ? known.getAddress() : null;
  }

  private static Map<String, String> headers(Message message) throws JMSException {
    Map<String, String> headers = new HashMap<>();
    Enumeration<?> names = message.getPropertyNames();
    while (names.hasMoreElements()) {
      String name = (String) names.nextElement();
      Object value = message.getObjectProperty(name);
      String plain = plain(name);
      if (mayPass(plain)
          && (value instanceof String || value instanceof Number || value instanceof Boolean)) {
        headers.putIfAbsent(plain, value.toString());
      }
    }
    return Collections.unmodifiableMap(headers);
  }

  /**
   * A stock Camel sends {@code a_HYPHEN_b} for {@code a-b}, as a name in Java may have no hyphen.
   */
  private static String plain(String name) {
    return name.toLowerCase(Locale.ROOT)
        .replace("_hyphen_", "-")
        .replace("_dot_", ".")
        .replace('_', '-');
  }

  /** What is Camel's, JMS's, or Artemis's own is none of the sender's. */
  private static boolean mayPass(String plain) {
    return !plain.startsWith("camel")
        && !plain.startsWith("org.apache.camel")
        && !plain.startsWith("jms")
        && !plain.startsWith("kafka.")
        && !plain.startsWith("-amq");
  }
}
