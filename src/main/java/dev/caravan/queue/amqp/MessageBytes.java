package dev.caravan.queue.amqp;

import io.netty.buffer.ByteBuf;
import jakarta.jms.BytesMessage;
import jakarta.jms.JMSException;
import jakarta.jms.MapMessage;
import jakarta.jms.Message;
import jakarta.jms.ObjectMessage;
import jakarta.jms.StreamMessage;
import jakarta.jms.TextMessage;
import java.nio.charset.StandardCharsets;
import org.apache.qpid.jms.message.JmsMessage;
import org.apache.qpid.jms.provider.amqp.message.AmqpJmsMessageFacade;
import org.apache.qpid.proton.amqp.messaging.AmqpValue;
import org.apache.qpid.proton.amqp.messaging.Data;
import org.apache.qpid.proton.amqp.messaging.Section;
import org.jspecify.annotations.Nullable;

/** The bytes of a message. What is a serialized object is never read as one. */
final class MessageBytes {
  private static final byte[] NOTHING = {};

  private MessageBytes() {}

  /**
   * Of bytes themselves, of text its UTF-8.
   *
   * @throws None where it has neither
   */
  static byte[] of(Message message) throws None, JMSException {
    byte[] bytes;
    if (message instanceof TextMessage text) {
      bytes = text(text);
    } else if (message instanceof BytesMessage binary) {
      bytes = binary(binary);
    } else {
      throw new None(kind(message) + "; a job is JSON, as text or as bytes");
    }
    if (bytes.length == 0) {
      throw new None("the message has no body");
    }
    return bytes;
  }

  private static byte[] text(TextMessage message) throws None {
    String text;
    try {
      text = message.getText();
    } catch (JMSException e) {
      throw new None("the message is no text in the charset that its content-type names");
    }
    return text == null ? NOTHING : text.getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] binary(BytesMessage message) throws JMSException {
    byte[] bytes = message.getBody(byte[].class); // from the beginning, whoever has read before
    return bytes == null ? NOTHING : bytes;
  }

  private static String kind(Message message) {
    if (message instanceof ObjectMessage) {
      return "the message is a serialized object, which is never deserialized";
    }
    if (message instanceof MapMessage) {
      return "the message is a map";
    }
    if (message instanceof StreamMessage) {
      return "the message is a list or a stream of values";
    }
    return "the message has no body";
  }

  /** The bytes of a message that {@link #of} refused: its data section, or its text; or none. */
  static byte[] raw(Message message) {
    if (message instanceof JmsMessage ours
        && ours.getFacade() instanceof AmqpJmsMessageFacade facade) {
      Section body = body(facade);
      if (body instanceof Data data) {
        byte[] bytes = new byte[data.getValue().getLength()];
        data.getValue().asByteBuffer().get(bytes);
        return bytes;
      }
      if (body instanceof AmqpValue value && value.getValue() instanceof String text) {
        return text.getBytes(StandardCharsets.UTF_8);
      }
    }
    return NOTHING;
  }

  private static @Nullable Section body(AmqpJmsMessageFacade facade) {
    ByteBuf encoded = facade.encodeMessage();
    byte[] bytes = new byte[encoded.readableBytes()];
    encoded.readBytes(bytes);
    encoded.release();
    org.apache.qpid.proton.message.Message read =
        org.apache.qpid.proton.message.Message.Factory.create();
    read.decode(bytes, 0, bytes.length);
    return read.getBody();
  }

  /** There are no bytes that could be a job. */
  static final class None extends Exception {
    private static final long serialVersionUID = 1L;

    None(String reason) {
      super(reason, null, false, false);
    }
  }
}
