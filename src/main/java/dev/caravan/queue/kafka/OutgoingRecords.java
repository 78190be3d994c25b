package dev.caravan.queue.kafka;

import dev.caravan.queue.Outgoing;
import java.nio.charset.StandardCharsets;
import org.apache.kafka.clients.producer.ProducerRecord;

/** What an answer is as a record. */
final class OutgoingRecords {

  private OutgoingRecords() {}

  /**
   * The record of an answer: its headers as UTF-8, and {@code correlation-id} and {@code
   * content-type} beside them.
   *
   * @param body its bytes, which nobody changes
   */
  static ProducerRecord<byte[], byte[]> of(Outgoing answer, byte[] body) {
    String key = answer.key();
    ProducerRecord<byte[], byte[]> record =
        new ProducerRecord<>(answer.destination(), key == null ? null : bytes(key), body);
    answer.headers().forEach((name, value) -> record.headers().add(name, bytes(value)));
    String correlation = answer.correlationId();
    if (correlation != null) {
      record.headers().add("correlation-id", bytes(correlation));
    }
    String type = answer.contentType();
    if (type != null) {
      record.headers().add("content-type", bytes(type));
    }
    return record;
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
