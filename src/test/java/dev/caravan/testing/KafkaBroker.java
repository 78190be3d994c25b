package dev.caravan.testing;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * A real Kafka broker, a process of its own, for the tests of one class: register it as a static
 * extension. It can be killed and started again on the same data. Its clients reach it through a
 * {@link FaultyProxy}, whose port it advertises.
 */
public final class KafkaBroker implements BeforeAllCallback, AfterAllCallback {
  private static final Path CLASS_PATH = Path.of("target/brokers.classpath");
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final int port = Ports.free();
  private final int controller = Ports.free();
  private @Nullable FaultyProxy network;
  private @Nullable Path folder;
  private @Nullable Process process;

  @Override
  public void beforeAll(ExtensionContext context) throws Exception {
    folder = Files.createTempDirectory("caravan-kafka");
    network = new FaultyProxy(port);
    Files.writeString(folder.resolve("server.properties"), configuration());
    int formatted =
        java("kafka.tools.StorageTool", "format", "-t", "MkU3OEVBNTcwNTJENDM2Qk", "-c")
            .start()
            .waitFor();
    if (formatted != 0) {
      throw new IOException("the storage cannot be formatted: " + log());
    }
    start();
  }

  @Override
  public void afterAll(ExtensionContext context) throws IOException {
    kill();
    network().close();
    try (Stream<Path> all = Files.walk(folder())) {
      all.sorted(Comparator.reverseOrder()).map(Path::toFile).forEach(File::delete);
    }
  }

  private String configuration() {
    String data = folder().resolve("data").toString();
    return String.join(
        "\n",
        "process.roles=broker,controller",
        "node.id=1",
        "controller.quorum.voters=1@127.0.0.1:" + controller,
        "listeners=PLAINTEXT://127.0.0.1:" + port + ",CONTROLLER://127.0.0.1:" + controller,
        "advertised.listeners=PLAINTEXT://127.0.0.1:" + network().port(),
        "controller.listener.names=CONTROLLER",
        "log.dirs=" + data,
        "offsets.topic.replication.factor=1",
        "offsets.topic.num.partitions=1",
        "transaction.state.log.replication.factor=1",
        "transaction.state.log.min.isr=1",
        "transaction.state.log.num.partitions=1",
        "group.initial.rebalance.delay.ms=0",
        "group.min.session.timeout.ms=1000",
        "auto.create.topics.enable=false",
        "message.max.bytes=2097152",
        "");
  }

  private ProcessBuilder java(String main, String... arguments) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-Xmx256m", "-XX:TieredStopAtLevel=1"));
    command.addAll(List.of("-cp", Files.readString(CLASS_PATH).strip(), main));
    command.addAll(List.of(arguments));
    command.add(folder().resolve("server.properties").toString());
    return new ProcessBuilder(command)
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.appendTo(folder().resolve("log").toFile()));
  }

  /** Starts it, on whatever it has stored, and waits until it answers. */
  public void start() throws IOException {
    Process started = java("kafka.Kafka").start();
    process = started;
    Awaitility.await()
        .atMost(PATIENCE)
        .pollInterval(Duration.ofMillis(50))
        .until(
            () -> {
              if (!started.isAlive()) {
                throw new IllegalStateException("the broker has ended: " + log());
              }
              try (Socket probe = new Socket(InetAddress.getLoopbackAddress(), port)) {
                return probe.isConnected();
              } catch (IOException notYet) {
                return false;
              }
            });
    try (Admin admin = admin()) {
      admin.describeCluster().nodes().get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    } catch (Exception e) {
      throw new IOException("the broker does not answer: " + log(), e);
    }
  }

  /** As {@code kill -9} does; it has ended when this returns. */
  public void kill() {
    Process running = process;
    if (running != null) {
      running.destroyForcibly();
      running.onExit().join();
    }
  }

  /** What is between the broker and its clients. */
  public FaultyProxy network() {
    return Objects.requireNonNull(network, "not started");
  }

  private Path folder() {
    return Objects.requireNonNull(folder, "not started");
  }

  /** What clients are told to connect to. */
  public String brokers() {
    return "127.0.0.1:" + network().port();
  }

  private String log() {
    try {
      String log = Files.readString(folder().resolve("log"));
      return log.substring(Math.max(0, log.length() - 2_000));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Map<String, Object> settings() {
    return Map.of("bootstrap.servers", brokers());
  }

  public Admin admin() {
    return Admin.create(settings());
  }

  /** Makes a topic. */
  public void topic(String name, int partitions) {
    try (Admin admin = admin()) {
      admin.createTopics(List.of(new NewTopic(name, partitions, (short) 1))).all().get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    } catch (ExecutionException e) {
      throw new AssertionError(e.getCause());
    }
  }

  /** A producer of bytes; the caller closes it. */
  public KafkaProducer<byte[], byte[]> producer() {
    Properties own = new Properties();
    own.putAll(settings());
    own.put("max.request.size", 2_000_000);
    return new KafkaProducer<>(own, new ByteArraySerializer(), new ByteArraySerializer());
  }

  /** A consumer of what is committed, from the beginning; the caller closes it. */
  public KafkaConsumer<byte[], byte[]> reader() {
    Properties own = new Properties();
    own.putAll(settings());
    own.put("isolation.level", "read_committed");
    own.put("auto.offset.reset", "earliest");
    return new KafkaConsumer<>(own, new ByteArrayDeserializer(), new ByteArrayDeserializer());
  }
}
