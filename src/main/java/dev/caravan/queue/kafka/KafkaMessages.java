package dev.caravan.queue.kafka;

import dev.caravan.queue.QueueMessage;
import dev.caravan.queue.Received;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import org.apache.camel.Exchange;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.jspecify.annotations.Nullable;

/**
 * Reads exchanges whose record is on loan. The body is the exchange's, so that a route may change
 * it; everything else is the record's own. Safe for any thread.
 */
public final class KafkaMessages implements Received.Reader {
  /** The exchange property that has the loan: no record can set one. */
  static final String LOAN = "CaravanKafkaLoan";

  /** As HTTP servers limit a head: nobody needs more, and it is kept as long as the job is. */
  private static final int MAX_VALUE_BYTES = 8_192;

  private static final int MAX_NAME_LENGTH = 256;
  private static final int MAX_HEADERS = 100;

  @Override
  public @Nullable Received read(Exchange exchange) throws Received.Unreadable {
    Loan loan = exchange.getProperty(LOAN, Loan.class);
    if (loan == null) {
      return null;
    }
    loan.read();
    Object body = exchange.getMessage().getBody();
    byte[] bytes =
        body == null
            ? new byte[0]
            : body instanceof byte[] raw ? raw : exchange.getMessage().getBody(byte[].class);
    if (bytes == null) {
      throw new Received.Unreadable(
          "the route made a " + body.getClass().getName() + " of the message, which has no bytes",
          received(loan, loan.record().value()));
    }
    return received(loan, bytes);
  }

  private static Received received(Loan loan, byte @Nullable [] body) {
    ConsumerRecord<byte[], byte[]> record = loan.record();
    Map<String, String> headers = headers(record.headers());
    String replyTo = headers.get("reply-to");
    ByteBuf bytes = body == null ? Unpooled.EMPTY_BUFFER : Unpooled.wrappedBuffer(body);
    return new Received(
        new QueueMessage(
            bytes,
            text(record.key()),
            headers,
            loan.origin(),
            record.timestamp(),
            -1,
            loan.deliveries(),
            -1,
            replyTo == null ? headers.get("caravan-reply-to") : replyTo,
            headers.get("correlation-id")),
        loan);
  }

  /** A record's headers of text; of several with one name the last, as Kafka's own clients do. */
  static Map<String, String> headers(Headers raw) {
    Map<String, String> headers = new HashMap<>();
    for (Header header : raw) {
      String value = text(header.value());
      if (value != null && header.key().length() <= MAX_NAME_LENGTH) {
        String name = header.key().toLowerCase(Locale.ROOT).replace('_', '-');
        if (headers.size() < MAX_HEADERS || headers.containsKey(name)) {
          headers.put(name, value);
        }
      }
    }
    return Map.copyOf(headers);
  }

  /** Bytes as text, or null where they are none or far too many. */
  private static @Nullable String text(byte @Nullable [] bytes) {
    if (bytes == null || bytes.length > MAX_VALUE_BYTES) {
      return null;
    }
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      return null;
    }
  }
}
