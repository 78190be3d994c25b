package dev.caravan.queue.kafka;

import java.util.Arrays;
import java.util.Map;
import org.apache.kafka.common.header.internals.RecordHeaders;

/** Any bytes as the headers of a Kafka record, a line each, {@code name:value}. */
public final class RecordFuzz {

  private RecordFuzz() {}

  /** What a message has of them. */
  public static Map<String, String> headers(byte[] bytes) {
    RecordHeaders raw = new RecordHeaders();
    int from = 0;
    for (int i = 0; i <= bytes.length; i++) {
      if (i == bytes.length || bytes[i] == '\n') {
        add(raw, Arrays.copyOfRange(bytes, from, i));
        from = i + 1;
      }
    }
    Map<String, String> headers = KafkaMessages.headers(raw);
    headers
        .keySet()
        .forEach(
            name -> {
              if (name.contains("_") || !name.equals(name.toLowerCase(java.util.Locale.ROOT))) {
                throw new AssertionError("not plain: " + name);
              }
            });
    return headers;
  }

  private static void add(RecordHeaders to, byte[] line) {
    int colon = 0;
    while (colon < line.length && line[colon] != ':') {
      colon++;
    }
    String name = new String(line, 0, colon, java.nio.charset.StandardCharsets.UTF_8);
    to.add(name, colon == line.length ? null : Arrays.copyOfRange(line, colon + 1, line.length));
  }
}
