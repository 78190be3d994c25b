import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** Kafka, one broker without ZooKeeper. */
final class KafkaSide extends Broker {
  private static final int PARTITIONS = 4;

  private final String version;

  KafkaSide(Path work, String classPath) throws IOException, InterruptedException {
    super("kafka", "Kafka", work);
    version = "Apache Kafka " + versionOf(classPath, "kafka-clients");
    int controller = Target.freePort();
    Path file = this.work.resolve("server.properties");
    Files.writeString(
        file,
        """
        process.roles=broker,controller
        node.id=1
        controller.quorum.voters=1@127.0.0.1:%2$d
        listeners=PLAINTEXT://127.0.0.1:%1$d,CONTROLLER://127.0.0.1:%2$d
        advertised.listeners=PLAINTEXT://127.0.0.1:%1$d
        controller.listener.names=CONTROLLER
        log.dirs=%3$s
        offsets.topic.replication.factor=1
        offsets.topic.num.partitions=1
        transaction.state.log.replication.factor=1
        transaction.state.log.min.isr=1
        group.initial.rebalance.delay.ms=0
        auto.create.topics.enable=false
        """
            .formatted(port, controller, this.work.resolve("data")));
    Process format =
        java(
                classPath,
                "kafka.tools.StorageTool",
                "format",
                "-t",
                "MkU3OEVBNTcwNTJENDM2Qk",
                "-c",
                file.toString())
            .redirectErrorStream(true)
            .start();
    String output = new String(format.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (format.waitFor() != 0) {
      throw new IOException("Kafka's storage cannot be formatted: " + output);
    }
    launch(classPath, "kafka.Kafka", file.toString());
  }

  @Override
  String address() {
    return "127.0.0.1:" + port;
  }

  @Override
  String version() {
    return version;
  }

  @Override
  void create(List<String> queues) throws Exception {
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", address()))) {
      admin
          .createTopics(
              queues.stream().map(name -> new NewTopic(name, PARTITIONS, (short) 1)).toList())
          .all()
          .get();
    }
  }

  static KafkaProducer<byte[], byte[]> producer(String address) {
    return new KafkaProducer<>(
        Map.of("bootstrap.servers", address, "acks", "all"),
        new ByteArraySerializer(),
        new ByteArraySerializer());
  }

  static KafkaConsumer<byte[], byte[]> consumer(Map<String, Object> settings) {
    return new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer());
  }

  @Override
  void fill(String queue, int count) throws Exception {
    AtomicReference<Exception> failure = new AtomicReference<>();
    try (KafkaProducer<byte[], byte[]> producer = producer(address())) {
      for (int i = 0; i < count; i++) {
        producer.send(
            new ProducerRecord<>(queue, Requests.job(i)),
            (stored, failed) -> failure.compareAndSet(null, failed));
      }
    }
    if (failure.get() != null) {
      throw failure.get();
    }
  }

  @Override
  Inbox inbox(String queue) {
    KafkaConsumer<byte[], byte[]> consumer = consumer(Map.of("bootstrap.servers", address()));
    List<TopicPartition> all =
        consumer.partitionsFor(queue).stream()
            .map(partition -> new TopicPartition(queue, partition.partition()))
            .toList();
    consumer.assign(all);
    consumer.seekToEnd(all);
    all.forEach(consumer::position); // asks the broker now
    return new Inbox() {
      @Override
      public int read(Seen seen) {
        ConsumerRecords<byte[], byte[]> records = consumer.poll(Duration.ofMillis(100));
        for (ConsumerRecord<byte[], byte[]> each : records) {
          seen.message(header(each, Echo.CUSTOM_ID), header(each, Echo.STATUS));
        }
        return records.count();
      }

      @Override
      public void close() {
        consumer.close();
      }
    };
  }

  private static String header(ConsumerRecord<byte[], byte[]> of, String name) {
    Header header = of.headers().lastHeader(name);
    return header == null ? null : new String(header.value(), StandardCharsets.UTF_8);
  }

  @Override
  List<String> settings(String jobs, String answers, String deadLetters) {
    return List.of(
        "-Dcaravan.queue.kafka.enabled=true",
        "-Dcaravan.queue.kafka.brokers=" + address(),
        "-Dcaravan.queue.kafka.jobs=" + jobs,
        "-Dcaravan.queue.kafka.answers=" + answers,
        "-Dcaravan.queue.kafka.dead-letters=" + deadLetters);
  }
}
