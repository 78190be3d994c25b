package dev.caravan.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caravan.testing.ArtemisBroker;
import io.vertx.core.json.JsonObject;
import jakarta.jms.BytesMessage;
import jakarta.jms.Connection;
import jakarta.jms.JMSException;
import jakarta.jms.Message;
import jakarta.jms.MessageConsumer;
import jakarta.jms.MessageProducer;
import jakarta.jms.Session;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.apache.qpid.jms.JmsConnectionFactory;
import org.jspecify.annotations.Nullable;

/**
 * The queues of one test, the routes of a gateway around them, and a client at the other side of
 * the broker. For one thread.
 */
final class AmqpQueues implements AutoCloseable {
  private static final AtomicInteger COUNT = new AtomicInteger();
  private static final long PATIENCE_MILLIS = 30_000;

  private final ArtemisBroker broker;
  private final String name = "t" + COUNT.incrementAndGet() + ".";
  private final Map<String, MessageConsumer> consumers = new HashMap<>();
  private final Connection connection;
  final Session session;
  private final MessageProducer producer;
  String answers = name + "answers";

  AmqpQueues(ArtemisBroker broker) throws JMSException {
    this.broker = broker;
    // JMS would have no hyphens in the names of properties. It comes back where the broker does.
    connection =
        new JmsConnectionFactory(
                "failover:("
                    + broker.url()
                    + ")?jms.validatePropertyNames=false&failover.reconnectDelay=100"
                    + "&failover.useReconnectBackOff=false")
            .createConnection();
    connection.start();
    session = connection.createSession(Session.AUTO_ACKNOWLEDGE);
    producer = session.createProducer(session.createQueue(jobs()));
  }

  String jobs() {
    return name + "jobs";
  }

  String dead() {
    return name + "dead";
  }

  /** A queue of this test. */
  String queue(String kind) {
    return name + kind;
  }

  /** What a gateway needs to know. */
  Map<String, String> settings() {
    return Map.of("caravan.queue.amqp.url", broker.url());
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
              uri: "amqp:queue:%1$s"
              parameters: { recoveryInterval: 200 }
              steps:
                - to: "jobs:work"
        - route:
            id: work
            routeConfigurationId: errors
            from:
              uri: jobs:work
              parameters: { answers: "amqp:queue:%2$s", deadLetters: "amqp:queue:%3$s"%4$s }
              steps:
                - to: "pool:*"
        """
        .formatted(jobs(), answers, dead(), parameters(more));
  }

  private static String parameters(String... more) {
    return more.length == 0 ? "" : ", " + String.join(", ", more);
  }

  /**
   * Routes that take a job and send its answer in one transaction, eight at a time.
   *
   * @param more parameters of {@code jobs:work}, each as YAML
   */
  String transactedRoutes(String... more) {
    return """
        - route:
            id: in
            from:
              uri: "amqp:queue:%1$s"
              parameters: { transacted: true, concurrentConsumers: 8, recoveryInterval: 200 }
              steps:
                - to: "jobs:work"
                - to: "amqp:queue:%2$s?transacted=true"
        - route:
            id: work
            routeConfigurationId: errors
            from:
              uri: jobs:work
              parameters: { answers: route, deadLetters: "amqp:queue:%3$s"%4$s }
              steps:
                - to: "pool:*"
        """
        .formatted(jobs(), answers, dead(), parameters(more));
  }

  // ---- in

  Message message(String text) throws JMSException {
    return session.createTextMessage(text);
  }

  void send(Message message, int priority) throws JMSException {
    producer.setPriority(priority);
    producer.send(message);
  }

  void send(String text) throws JMSException {
    send(message(text), Message.DEFAULT_PRIORITY);
  }

  /** Sends so many short chats, named by a prefix and a number; the broker has them. */
  List<String> sendMany(String prefix, int count) throws JMSException {
    List<String> ids = IntStream.range(0, count).mapToObj(i -> prefix + i).toList();
    for (String id : ids) {
      send(Jobs.line(id, Chat.whole("Hello " + id)));
    }
    return ids;
  }

  // ---- out

  private @Nullable Message receive(String queue, long millis) throws JMSException {
    MessageConsumer consumer = consumers.get(queue);
    if (consumer == null) {
      consumer = session.createConsumer(session.createQueue(queue));
      consumers.put(queue, consumer);
    }
    return consumer.receive(millis);
  }

  /** The next message of a queue; waits for it. */
  Message receive(String queue) throws JMSException {
    Message message = receive(queue, PATIENCE_MILLIS);
    assertThat(message).as("a message in " + queue).isNotNull();
    return java.util.Objects.requireNonNull(message);
  }

  /** What else is in a queue. */
  List<Message> rest(String queue) throws JMSException {
    List<Message> rest = new ArrayList<>();
    for (Message next = receive(queue, 500); next != null; next = receive(queue, 500)) {
      rest.add(next);
    }
    return rest;
  }

  /** Reads answers until there are so many of different jobs; all of them by their ids. */
  List<String> answered(int count) throws JMSException {
    List<String> ids = new ArrayList<>();
    Set<String> different = new HashSet<>();
    while (different.size() < count) {
      String id = json(receive(answers)).getString("custom_id");
      ids.add(id);
      different.add(id);
    }
    return ids;
  }

  static byte[] bytes(Message message) throws JMSException {
    return message instanceof BytesMessage
        ? message.getBody(byte[].class)
        : message.getBody(String.class).getBytes(StandardCharsets.UTF_8);
  }

  static JsonObject json(Message message) throws JMSException {
    return new JsonObject(new String(bytes(message), StandardCharsets.UTF_8));
  }

  @Override
  public void close() throws JMSException {
    connection.close();
  }
}
