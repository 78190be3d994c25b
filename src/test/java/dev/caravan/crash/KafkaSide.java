package dev.caravan.crash;

import dev.caravan.testing.KafkaBroker;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;

/** Jobs and answers in the topics of a Kafka broker. */
final class KafkaSide implements Side {
  private static final int PARTITIONS = 4;

  private final KafkaBroker broker;
  private final String name;
  private final KafkaConsumer<byte[], byte[]> answers;

  /**
   * Topics of its own.
   *
   * @param name how their names begin
   */
  KafkaSide(KafkaBroker broker, String name) {
    this.broker = broker;
    this.name = name;
    broker.topic(name + "-jobs", PARTITIONS);
    broker.topic(name + "-answers", 1);
    broker.topic(name + "-dead", 1);
    answers = broker.reader();
    answers.assign(List.of(new TopicPartition(name + "-answers", 0)));
  }

  @Override
  public String routes(int held) {
    return """
        - route:
            id: in
            from:
              uri: "kafka:%1$s-jobs"
              parameters: { groupId: "%1$s", groupInstanceId: "%1$s-1", sessionTimeoutMs: 6000, heartbeatIntervalMs: 1000, outstanding: %2$d }
              steps:
                - to: "jobs:work"
        - route:
            id: work
            routeConfigurationId: errors
            from:
              uri: jobs:work
              parameters: { answers: "kafka:%1$s-answers", deadLetters: "kafka:%1$s-dead", inflight: 32, held: %2$d }
              steps:
                - to: "pool:*"
        """
        .formatted(name, held);
  }

  @Override
  public Map<String, String> settings() {
    return Map.of("caravan.queue.kafka.brokers", broker.brokers());
  }

  @Override
  public void send(List<String> ids, List<String> lines) {
    try (KafkaProducer<byte[], byte[]> producer = broker.producer()) {
      for (int i = 0; i < ids.size(); i++) {
        producer.send(
            new ProducerRecord<>(
                name + "-jobs", i % PARTITIONS, bytes(ids.get(i)), bytes(lines.get(i))));
      }
      producer.flush();
    }
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  @Override
  public List<String> answers() {
    List<String> ids = new ArrayList<>();
    for (ConsumerRecord<byte[], byte[]> record : answers.poll(Duration.ofSeconds(1))) {
      ids.add(new String(record.key(), StandardCharsets.UTF_8));
    }
    return ids;
  }

  @Override
  public int deadLetters() {
    try (KafkaConsumer<byte[], byte[]> reader = broker.reader()) {
      reader.assign(List.of(new TopicPartition(name + "-dead", 0)));
      return reader.poll(Duration.ofMillis(500)).count();
    }
  }

  @Override
  public void close() {
    answers.close();
  }
}
