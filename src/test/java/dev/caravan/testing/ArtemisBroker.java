package dev.caravan.testing;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.qpid.jms.JmsConnectionFactory;
import org.jspecify.annotations.Nullable;

/**
 * A real ActiveMQ Artemis in a process of its own, which speaks AMQP 1.0 and makes queues as they
 * are asked for. Those whose names begin with {@link #SMALL} refuse messages at 20 kB. Its data
 * live until {@link #close}, so that it can be killed and started again.
 */
public final class ArtemisBroker implements AutoCloseable {

  /** How the names of queues begin that are full soon. */
  public static final String SMALL = "small.";

  private static final Path CLASS_PATH = Path.of("target", "brokers.classpath");

  private final Path directory;
  private final int port = Ports.free();
  private @Nullable Process process;

  private ArtemisBroker() throws IOException {
    directory = Files.createTempDirectory("artemis");
    Files.createDirectory(directory.resolve("etc"));
    Files.writeString(directory.resolve(Path.of("etc", "broker.xml")), configuration());
  }

  /** One that has been started. */
  public static ArtemisBroker start() throws IOException {
    ArtemisBroker broker = stopped();
    try {
      broker.begin();
    } catch (IOException | RuntimeException e) {
      broker.close();
      throw e;
    }
    return broker;
  }

  /** One that has not; its port is known already. */
  public static ArtemisBroker stopped() throws IOException {
    return new ArtemisBroker();
  }

  public int port() {
    return port;
  }

  /** What clients of AMQP take. */
  public String url() {
    return "amqp://127.0.0.1:" + port;
  }

  /** A client that has nothing to do with the gateway. */
  public JmsConnectionFactory client() {
    return new JmsConnectionFactory(url());
  }

  /** Starts it, on what it has stored, and waits until it listens. */
  public void begin() throws IOException {
    String classPath = Files.readString(CLASS_PATH).strip();
    Path arguments =
        directory.resolve("java.arguments"); // the class path is too long for a command
    Files.writeString(arguments, "-cp \"" + classPath + "\"\n");
    Process started =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
                "@" + arguments,
                "org.apache.activemq.artemis.core.server.embedded.Main",
                directory.toString())
            .directory(directory.toFile())
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(directory.resolve("log").toFile()))
            .start();
    process = started;
    // It must not outlive a run of the tests that is broken off.
    Runtime.getRuntime().addShutdownHook(new Thread(started::destroyForcibly));
    await("Artemis")
        .atMost(Duration.ofSeconds(60))
        .pollInterval(Duration.ofMillis(100))
        .until(() -> listens(started));
  }

  private boolean listens(Process started) throws IOException {
    if (!started.isAlive()) {
      throw new IllegalStateException(
          "Artemis has ended: " + Files.readString(directory.resolve("log")));
    }
    try (Socket probe = new Socket(InetAddress.getLoopbackAddress(), port)) {
      return probe.isConnected();
    } catch (IOException refused) {
      return false;
    }
  }

  /** Ends it as {@code kill -9} does. */
  public void kill() {
    end(true);
  }

  /** Ends it in peace. */
  public void stop() {
    end(false);
  }

  private void end(boolean force) {
    Process running = process;
    process = null;
    if (running == null) {
      return;
    }
    try {
      if (!force) {
        running.destroy();
        if (running.waitFor(20, TimeUnit.SECONDS)) {
          return;
        }
      }
      running.destroyForcibly().waitFor();
    } catch (InterruptedException e) {
      running.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() throws IOException {
    kill();
    List<Path> files;
    try (Stream<Path> all = Files.walk(directory)) {
      files = all.sorted(Comparator.reverseOrder()).toList();
    }
    for (Path file : files) {
      Files.deleteIfExists(file);
    }
  }

  private String configuration() {
    return """
        <configuration xmlns="urn:activemq">
          <core xmlns="urn:activemq:core">
            <name>test</name>
            <journal-type>NIO</journal-type>
            <journal-directory>%1$s/journal</journal-directory>
            <bindings-directory>%1$s/bindings</bindings-directory>
            <paging-directory>%1$s/paging</paging-directory>
            <large-messages-directory>%1$s/large</large-messages-directory>
            <journal-datasync>false</journal-datasync>
            <journal-min-files>2</journal-min-files>
            <journal-file-size>1M</journal-file-size>
            <max-disk-usage>-1</max-disk-usage>
            <critical-analyzer>false</critical-analyzer>
            <security-enabled>false</security-enabled>
            <message-expiry-scan-period>-1</message-expiry-scan-period>
            <acceptors>
              <acceptor name="amqp">tcp://127.0.0.1:%2$d?protocols=AMQP;amqpMinLargeMessageSize=-1</acceptor>
            </acceptors>
            <address-settings>
              <address-setting match="#">
                <dead-letter-address>dead</dead-letter-address>
                <expiry-address>expired</expiry-address>
                <redelivery-delay>0</redelivery-delay>
                <max-delivery-attempts>10</max-delivery-attempts>
                <default-address-routing-type>ANYCAST</default-address-routing-type>
                <default-queue-routing-type>ANYCAST</default-queue-routing-type>
                <auto-delete-queues>false</auto-delete-queues>
                <auto-delete-addresses>false</auto-delete-addresses>
              </address-setting>
              <address-setting match="%3$s#">
                <max-size-bytes>20000</max-size-bytes>
                <address-full-policy>FAIL</address-full-policy>
              </address-setting>
            </address-settings>
          </core>
        </configuration>
        """
        .formatted(directory, port, SMALL);
  }
}
