package dev.caravan.queue.amqp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.caravan.queue.QueueMessage;
import dev.caravan.queue.Received;
import dev.caravan.testing.ArtemisBroker;
import dev.caravan.testing.CapturedLog;
import dev.caravan.testing.ProtonSender;
import jakarta.jms.BytesMessage;
import jakarta.jms.JMSContext;
import jakarta.jms.JMSException;
import jakarta.jms.MapMessage;
import jakarta.jms.Message;
import jakarta.jms.Queue;
import jakarta.jms.StreamMessage;
import jakarta.jms.TextMessage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.camel.Exchange;
import org.apache.qpid.jms.JmsConnectionFactory;
import org.apache.qpid.proton.amqp.Binary;
import org.apache.qpid.proton.amqp.messaging.Data;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What becomes of a message that somebody sends who may mean well or not. */
@SuppressWarnings("NullAway.Init")
class AmqpMessagesTest {
  private static ArtemisBroker broker;
  private static JMSContext client;
  private static Jobs jobs;
  private static Queue queue;

  /** Tells whether anybody has deserialized it. */
  private static final class Trap implements Serializable {
    private static final long serialVersionUID = 1L;
    private static final AtomicInteger SPRUNG = new AtomicInteger();

    @SuppressWarnings("UnusedMethod") // by deserialization
    private void readObject(ObjectInputStream in) throws IOException, ClassNotFoundException {
      in.defaultReadObject();
      SPRUNG.incrementAndGet();
    }
  }

  @BeforeAll
  static void start() throws Exception {
    broker = ArtemisBroker.start();
    JmsConnectionFactory factory = broker.client();
    factory.setValidatePropertyNames(false);
    client = factory.createContext();
    queue = client.createQueue("messages");
    jobs = Jobs.start(broker.url(), Jobs.from("messages"));
  }

  @AfterEach
  void settle() {
    jobs.received.forEach(each -> each.delivery().settle());
    jobs.unreadable.forEach(each -> each.what().delivery().settle());
    jobs.received.clear();
    jobs.unreadable.clear();
    jobs.exchanges.clear();
  }

  @AfterAll
  static void stop() throws Exception {
    jobs.close();
    client.close();
    broker.close();
  }

  private static QueueMessage received(Message message) {
    client.createProducer().send(queue, message);
    return jobs.awaitReceived(1).get(0).message();
  }

  private static Received.Unreadable unreadable(Message message) {
    client.createProducer().send(queue, message);
    return awaitUnreadable();
  }

  private static Received.Unreadable awaitUnreadable() {
    await().atMost(Jobs.LONG).until(() -> !jobs.unreadable.isEmpty());
    assertThat(jobs.received).isEmpty();
    return jobs.unreadable.get(0);
  }

  private static String body(Received.Unreadable unreadable) {
    return unreadable.what().message().body().toString(StandardCharsets.UTF_8);
  }

  @Test
  void text_isItsUtf8_withAllThatIsKnownOfIt() throws JMSException {
    TextMessage message = client.createTextMessage("{\"é\": 1}");
    message.setJMSCorrelationID("c-1");
    message.setJMSReplyTo(client.createQueue("answers"));
    message.setStringProperty("JMSXGroupID", "conversation 7");
    client.createProducer().setPriority(7).setTimeToLive(600_000).send(queue, message);

    QueueMessage job = jobs.awaitReceived(1).get(0).message();

    assertThat(job.body().toString(StandardCharsets.UTF_8)).isEqualTo("{\"é\": 1}");
    assertThat(job.correlationId()).isEqualTo("c-1");
    assertThat(job.replyTo()).isEqualTo("answers");
    assertThat(job.key()).isEqualTo("conversation 7");
    assertThat(job.priority()).isEqualTo(7);
    assertThat(job.deliveries()).isEqualTo(1);
    assertThat(job.timeMillis()).isEqualTo(message.getJMSTimestamp());
    assertThat(job.expiresMillis()).isEqualTo(message.getJMSExpiration());
    assertThat(job.origin()).isEqualTo("queue messages, message " + message.getJMSMessageID());
  }

  @Test
  void bytes_withNothingElse_areThoseBytes() throws JMSException {
    BytesMessage message = client.createBytesMessage();
    message.writeBytes(new byte[] {'{', '}', 0, -1});

    QueueMessage job = received(message);

    assertThat(job.body().array()).containsExactly('{', '}', 0, -1);
    assertThat(job.replyTo()).isNull();
    assertThat(job.correlationId()).isNull();
    assertThat(job.key()).isNull();
    assertThat(job.expiresMillis()).isEqualTo(-1);
    assertThat(job.headers()).isEmpty();
  }

  @Test
  void json_fromAClientThatIsNotJava_isItsBytes() throws Exception {
    sendData("{\"a\": \"ü\"}".getBytes(StandardCharsets.UTF_8), "application/json");

    assertThat(Jobs.text(jobs.awaitReceived(1).get(0))).isEqualTo("{\"a\": \"ü\"}");
    assertThat(jobs.received.get(0).message().origin()).isEqualTo("queue messages");
    assertThat(jobs.received.get(0).message().timeMillis()).isEqualTo(-1);
  }

  @Test
  void properties_areHeadersByPlainNames() throws JMSException {
    TextMessage message = client.createTextMessage("x");
    message.setStringProperty("Caravan_Priority", "low");
    message.setStringProperty("caravan-deadline", "60s");
    message.setStringProperty("stock_HYPHEN_camel", "1");
    message.setIntProperty("number", 7);
    message.setDoubleProperty("fraction", 0.5);
    message.setBooleanProperty("truth", true);
    message.setStringProperty("two-lines", "a\r\nInjected: b");

    assertThat(received(message).headers())
        .containsOnly(
            Map.entry("caravan-priority", "low"),
            Map.entry("caravan-deadline", "60s"),
            Map.entry("stock-camel", "1"),
            Map.entry("number", "7"),
            Map.entry("fraction", "0.5"),
            Map.entry("truth", "true"),
            Map.entry("two-lines", "a\r\nInjected: b"));
  }

  @Test
  void propertiesThatCamelObeys_reachNeitherCamelNorTheJob() throws JMSException {
    List<String> names =
        List.of(
            "CamelJmsDestinationName",
            "camelJmsDestinationName",
            "CAMELJMSDESTINATIONNAME",
            "cAmElHttpUri",
            "CamelHttpUri",
            "Camel-Http-Uri",
            "CamelFileName",
            "CamelBeanMethodName",
            "org.apache.camel.Exchange",
            "JmsType",
            "jms-anything",
            "kafka.OVERRIDE_TOPIC",
            "Kafka.topic",
            "KAFKA.TOPIC");
    TextMessage message = client.createTextMessage("x");
    for (String name : names) {
      message.setStringProperty(name, "evil\r\nX: y");
    }
    message.setStringProperty("mine", "1");

    assertThat(received(message).headers()).containsOnly(Map.entry("mine", "1"));
    Exchange exchange = jobs.exchanges.get(0);
    for (String name : names) {
      assertThat(exchange.getMessage().getHeader(name)).as(name).isNull();
    }
    // Camel's own, of the time that JMS says.
    assertThat(exchange.getMessage().getHeaders()).containsOnlyKeys("CamelMessageTimestamp");
    assertThat(exchange.getMessage().getHeader("mine")).isNull();
  }

  @Test
  void object_isNeverDeserialized() throws JMSException {
    Received.Unreadable seen = unreadable(client.createObjectMessage(new Trap()));

    assertThat(seen).hasMessageContaining("serialized object");
    assertThat(body(seen)).contains("Trap");
    assertThat(jobs.exchanges.get(0).getMessage().getBody()).isNull();
    assertThat(Trap.SPRUNG).hasValue(0);
  }

  @Test
  void bytesThatSayTheyAreAnObject_areNeverDeserialized() throws Exception {
    ByteArrayOutputStream serialized = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(serialized)) {
      out.writeObject(new Trap());
    }
    sendData(serialized.toByteArray(), "application/x-java-serialized-object");

    Received.Unreadable seen = awaitUnreadable();

    assertThat(seen).hasMessageContaining("serialized object");
    assertThat(seen.what().message().body().array()).isEqualTo(serialized.toByteArray());
    assertThat(jobs.exchanges.get(0).getMessage().getBody()).isNull();
    assertThat(Trap.SPRUNG).hasValue(0);
  }

  @Test
  void whatIsNoTextAndNoBytes_isUnreadable_andSaysWhy() throws JMSException {
    MapMessage map = client.createMapMessage();
    map.setString("a", "b");
    assertThat(unreadable(map)).hasMessageContaining("is a map");
    settle();
    StreamMessage stream = client.createStreamMessage();
    stream.writeInt(1);
    assertThat(unreadable(stream)).hasMessageContaining("stream of values");
    settle();
    assertThat(unreadable(client.createMessage())).hasMessageContaining("no body");
    settle();
    assertThat(unreadable(client.createTextMessage())).hasMessageContaining("no body");
    settle();
    assertThat(unreadable(client.createBytesMessage())).hasMessageContaining("no body");
  }

  /** The client library gives such a message up by itself; what else is lent must not suffer. */
  @Test
  void textInACharsetThatItIsNot_isLeftToTheBroker_andOthersStayLent() throws Exception {
    try (CapturedLog log = CapturedLog.of("dev.caravan.queue.amqp.FetchedConsumer")) {
      client.createProducer().send(queue, "before");
      jobs.awaitReceived(1);
      sendData(new byte[] {'"', -1, '"'}, "application/json");
      client.createProducer().send(queue, "after");

      assertThat(jobs.awaitReceived(2)).noneMatch(each -> each.delivery().lost());
      assertThat(jobs.texts()).containsExactly("before", "after");
      assertThat(log.lines()).hasSize(1);
      assertThat(log.lines().get(0)).startsWith("WARN A message cannot be read");
    }
  }

  @Test
  void tooLarge_isUnreadable_withAllOfIt() {
    String large = "x".repeat(Jobs.MAX_BYTES + 1);

    Received.Unreadable seen = unreadable(client.createTextMessage(large));

    assertThat(seen).hasMessage("the message has 100001 bytes, more than the 100000 of a job");
    assertThat(body(seen)).isEqualTo(large);
  }

  /** Sends a data section, as clients do that know nothing of JMS. */
  private static void sendData(byte[] bytes, String contentType) throws IOException {
    org.apache.qpid.proton.message.Message message =
        org.apache.qpid.proton.message.Message.Factory.create();
    message.setBody(new Data(new Binary(bytes)));
    message.setContentType(contentType);
    ProtonSender.send(broker.port(), "messages", message);
  }
}
