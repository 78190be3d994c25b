package dev.caravan.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caravan.testing.KafkaBroker;
import io.vertx.core.json.JsonObject;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;

/**
 * The topics of one test, the routes of a gateway around them, and what has come out. For one
 * thread.
 */
final class KafkaQueues implements AutoCloseable {
  static final String JOBS = "jobs";
  static final String ANSWERS = "answers";
  static final String DEAD = "dead";
  static final String CHUNKS = "chunks";
  static final String REPLIES = "replies";

  private static final AtomicInteger COUNT = new AtomicInteger();
  private static final Duration POLL = Duration.ofMillis(500);

  /** Empty reads in a row after which nothing more is expected: half a minute. */
  private static final int SILENCE = 60;

  /** A record that came out. */
  record Out(ConsumerRecord<byte[], byte[]> record) {
    byte[] bytes() {
      return record.value() == null ? new byte[0] : record.value();
    }

    JsonObject json() {
      return new JsonObject(text(bytes()));
    }

    String key() {
      return text(record.key());
    }

    String header(String name) {
      return text(Objects.requireNonNull(record.headers().lastHeader(name), name).value());
    }

    int status() {
      return json().getJsonObject("response").getInteger("status_code");
    }
  }

  private final KafkaBroker broker;
  private final String name = "t" + COUNT.incrementAndGet();
  private final int partitions;
  private final KafkaProducer<byte[], byte[]> producer;
  private final KafkaConsumer<byte[], byte[]> reader;
  private final Map<String, List<Out>> out = new HashMap<>();
  private int next;

  /** Makes the topics; that of the jobs has so many partitions. */
  KafkaQueues(KafkaBroker broker, int partitions) {
    this.broker = broker;
    this.partitions = partitions;
    broker.topic(topic(JOBS), partitions);
    broker.topic(topic(CHUNKS), 3);
    List<TopicPartition> read = new ArrayList<>();
    for (String kind : List.of(ANSWERS, DEAD, REPLIES)) {
      broker.topic(topic(kind), 1);
      read.add(new TopicPartition(topic(kind), 0));
    }
    IntStream.range(0, 3).forEach(p -> read.add(new TopicPartition(topic(CHUNKS), p)));
    producer = broker.producer();
    reader = broker.reader();
    reader.assign(read);
  }

  String topic(String kind) {
    return name + "-" + kind;
  }

  /** The consumers' group. */
  String group() {
    return name;
  }

  /** What a gateway needs to know. */
  Map<String, String> settings() {
    return Map.of("caravan.queue.kafka.brokers", broker.brokers());
  }

  /**
   * The routes around {@code jobs:work}.
   *
   * @param more parameters of its own, each as YAML
   */
  String routes(String... more) {
    return """
        - route:
            id: in
            from:
              uri: "kafka:%1$s"
              parameters: { groupId: "%2$s" }
              steps:
                - to: "jobs:work"
        - route:
            id: work
            routeConfigurationId: errors
            from:
              uri: jobs:work
              parameters: { answers: "kafka:%3$s", deadLetters: "kafka:%4$s"%5$s }
              steps:
                - to: "pool:*"
        """
        .formatted(
            topic(JOBS),
            group(),
            topic(ANSWERS),
            topic(DEAD),
            more.length == 0 ? "" : ", " + String.join(", ", more));
  }

  // ---- in

  static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static String text(byte[] bytes) {
    return new String(bytes, StandardCharsets.UTF_8);
  }

  /** Sends a message as it is, to the partitions in turn; headers are name, value, and so on. */
  void send(byte[] key, byte[] value, String... headers) {
    ProducerRecord<byte[], byte[]> record =
        new ProducerRecord<>(topic(JOBS), next++ % partitions, key, value);
    for (int i = 0; i < headers.length; i += 2) {
      record.headers().add(headers[i], bytes(headers[i + 1]));
    }
    producer.send(record);
  }

  /** Sends a line that is keyed by its id. */
  void send(String id, String body, String... headers) {
    send(bytes(id), bytes(Jobs.line(id, body)), headers);
  }

  /**
   * Sends so many short chats, named by a prefix and a number, and waits until the broker has them.
   */
  List<String> sendMany(String prefix, int count) {
    List<String> ids = IntStream.range(0, count).mapToObj(i -> prefix + i).toList();
    ids.forEach(id -> send(id, Chat.whole("Hello " + id)));
    producer.flush();
    return ids;
  }

  // ---- out

  /** What has been read of one kind. */
  List<Out> all(String kind) {
    return out.getOrDefault(topic(kind), List.of());
  }

  private boolean read() {
    boolean any = false;
    for (ConsumerRecord<byte[], byte[]> record : reader.poll(POLL)) {
      out.computeIfAbsent(record.topic(), topic -> new ArrayList<>()).add(new Out(record));
      any = true;
    }
    return any;
  }

  /** Reads until there are so many of one kind with different keys. */
  List<Out> await(String kind, int count) {
    for (int silent = 0; different(kind) < count; silent = read() ? 0 : silent + 1) {
      assertThat(silent)
          .as(
              "half seconds without a message while %d of %d %s are there",
              different(kind), count, kind)
          .isLessThan(SILENCE);
    }
    return all(kind);
  }

  /** Reads what is on its way. */
  void settle() {
    while (read()) {
      // there may be more
    }
  }

  private long different(String kind) {
    return all(kind).stream()
        .map(each -> each.record().key() == null ? each.record().offset() : (Object) each.key())
        .distinct()
        .count();
  }

  /**
   * Where the group begins anew in the jobs' first partition; -1 where it has committed nothing.
   */
  long committed() throws InterruptedException, ExecutionException {
    try (Admin admin = broker.admin()) {
      OffsetAndMetadata offset =
          admin
              .listConsumerGroupOffsets(group())
              .partitionsToOffsetAndMetadata()
              .get()
              .get(new TopicPartition(topic(JOBS), 0));
      return offset == null ? -1 : offset.offset();
    }
  }

  @Override
  public void close() {
    producer.close(Duration.ZERO);
    reader.close();
  }
}
