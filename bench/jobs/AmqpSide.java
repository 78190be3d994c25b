import jakarta.jms.BytesMessage;
import jakarta.jms.CompletionListener;
import jakarta.jms.Connection;
import jakarta.jms.JMSException;
import jakarta.jms.Message;
import jakarta.jms.MessageConsumer;
import jakarta.jms.MessageProducer;
import jakarta.jms.Session;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.qpid.jms.JmsConnectionFactory;

/** ActiveMQ Artemis, reached by AMQP 1.0. */
final class AmqpSide extends Broker {
  /** So many sends are under way at a time. */
  private static final int UNCONFIRMED = 1_000;

  private final String version;

  AmqpSide(Path work, String classPath) throws IOException, InterruptedException {
    super("amqp", "AMQP", work);
    version = "ActiveMQ Artemis " + versionOf(classPath, "artemis-server");
    Files.writeString(
        Files.createDirectories(this.work.resolve("etc")).resolve("broker.xml"),
        """
        <configuration xmlns="urn:activemq">
          <core xmlns="urn:activemq:core">
            <name>bench</name>
            <journal-type>NIO</journal-type>
            <journal-directory>%1$s/journal</journal-directory>
            <bindings-directory>%1$s/bindings</bindings-directory>
            <paging-directory>%1$s/paging</paging-directory>
            <large-messages-directory>%1$s/large</large-messages-directory>
            <journal-datasync>false</journal-datasync>
            <max-disk-usage>-1</max-disk-usage>
            <security-enabled>false</security-enabled>
            <acceptors>
              <acceptor name="amqp">tcp://127.0.0.1:%2$d?protocols=AMQP</acceptor>
            </acceptors>
            <address-settings>
              <address-setting match="#">
                <default-address-routing-type>ANYCAST</default-address-routing-type>
                <default-queue-routing-type>ANYCAST</default-queue-routing-type>
                <auto-delete-queues>false</auto-delete-queues>
                <auto-delete-addresses>false</auto-delete-addresses>
              </address-setting>
            </address-settings>
          </core>
        </configuration>
        """
            .formatted(this.work, port));
    launch(
        classPath, "org.apache.activemq.artemis.core.server.embedded.Main", this.work.toString());
  }

  @Override
  String address() {
    return "amqp://127.0.0.1:" + port + "?jms.validatePropertyNames=false";
  }

  @Override
  String version() {
    return version;
  }

  /** It makes queues as they are asked for. */
  @Override
  void create(List<String> queues) {}

  static Connection connect(String address) throws Exception {
    Connection connection = new JmsConnectionFactory(address).createConnection();
    connection.start();
    return connection;
  }

  @Override
  void fill(String queue, int count) throws Exception {
    AtomicReference<Exception> failure = new AtomicReference<>();
    Semaphore room = new Semaphore(UNCONFIRMED);
    CompletionListener stored =
        new CompletionListener() {
          @Override
          public void onCompletion(Message message) {
            room.release();
          }

          @Override
          public void onException(Message message, Exception failed) {
            failure.compareAndSet(null, failed);
            room.release();
          }
        };
    try (Connection connection = connect(address())) {
      Session session = connection.createSession();
      MessageProducer producer = session.createProducer(session.createQueue(queue));
      for (int i = 0; i < count; i++) {
        BytesMessage message = session.createBytesMessage();
        message.writeBytes(Requests.job(i));
        room.acquire();
        producer.send(message, stored);
      }
      room.acquire(UNCONFIRMED);
    }
    if (failure.get() != null) {
      throw failure.get();
    }
  }

  @Override
  Inbox inbox(String queue) throws Exception {
    Connection connection = connect(address());
    Session session = connection.createSession(false, Session.AUTO_ACKNOWLEDGE);
    MessageConsumer consumer = session.createConsumer(session.createQueue(queue));
    return new Inbox() {
      @Override
      public int read(Seen seen) throws Exception {
        Message message = consumer.receive(100);
        if (message == null) {
          return 0;
        }
        seen.message(
            message.getStringProperty(Echo.CUSTOM_ID), message.getStringProperty(Echo.STATUS));
        return 1;
      }

      @Override
      public void close() {
        try {
          connection.close();
        } catch (JMSException e) {
          throw new IllegalStateException(e);
        }
      }
    };
  }

  @Override
  List<String> settings(String jobs, String answers, String deadLetters) {
    return List.of(
        "-Dcaravan.queue.amqp.enabled=true",
        "-Dcaravan.queue.amqp.url=" + address(),
        "-Dcaravan.queue.amqp.jobs=" + jobs,
        "-Dcaravan.queue.amqp.answers=" + answers,
        "-Dcaravan.queue.amqp.dead-letters=" + deadLetters);
  }
}
