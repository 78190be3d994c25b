package dev.caravan.crash;

import dev.caravan.testing.ArtemisBroker;
import jakarta.jms.Connection;
import jakarta.jms.DeliveryMode;
import jakarta.jms.JMSException;
import jakarta.jms.Message;
import jakarta.jms.MessageConsumer;
import jakarta.jms.MessageProducer;
import jakarta.jms.Session;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.qpid.jms.JmsConnectionFactory;

/** Jobs and answers in the queues of an AMQP broker. */
final class AmqpSide implements Side {
  private final ArtemisBroker broker;
  private final String name;
  private final Connection connection;
  private final Session session;
  private final MessageConsumer answers;
  private final MessageConsumer dead;

  /**
   * Queues of its own.
   *
   * @param name how their names begin
   */
  AmqpSide(ArtemisBroker broker, String name) throws JMSException {
    this.broker = broker;
    this.name = name;
    // JMS would have no hyphens in the names of properties. What is read is what has come: to ask a
    // broker that is busy whether there is more can take longer than it is waited for.
    connection =
        new JmsConnectionFactory(
                broker.url()
                    + "?jms.validatePropertyNames=false&jms.receiveLocalOnly=true"
                    + "&jms.receiveNoWaitLocalOnly=true")
            .createConnection();
    connection.start();
    session = connection.createSession(Session.AUTO_ACKNOWLEDGE);
    answers = session.createConsumer(session.createQueue(name + "-answers"));
    dead = session.createConsumer(session.createQueue(name + "-dead"));
  }

  @Override
  public String routes(int held) {
    return """
        - route:
            id: in
            from:
              uri: "amqp:queue:%1$s-jobs"
              steps:
                - to: "jobs:work"
        - route:
            id: work
            routeConfigurationId: errors
            from:
              uri: jobs:work
              parameters: { answers: "amqp:queue:%1$s-answers", deadLetters: "amqp:queue:%1$s-dead", inflight: 32, held: %2$d, maxDeliveries: 1000 }
              steps:
                - to: "pool:*"
        """
        .formatted(name, held);
  }

  @Override
  public Map<String, String> settings() {
    return Map.of("caravan.queue.amqp.url", broker.url());
  }

  @Override
  public void send(List<String> ids, List<String> lines) throws JMSException {
    Session own = connection.createSession(Session.SESSION_TRANSACTED);
    MessageProducer producer = own.createProducer(own.createQueue(name + "-jobs"));
    producer.setDeliveryMode(DeliveryMode.PERSISTENT);
    for (String line : lines) {
      producer.send(own.createTextMessage(line));
    }
    own.commit();
    own.close();
  }

  @Override
  public List<String> answers() throws JMSException {
    List<String> ids = new ArrayList<>();
    Message next = answers.receive(1_000);
    while (next != null) {
      ids.add(next.getStringProperty("caravan-custom-id"));
      next = answers.receiveNoWait();
    }
    return ids;
  }

  @Override
  public int deadLetters() throws JMSException {
    int count = 0;
    while (dead.receive(2_000) != null) {
      count++;
    }
    return count;
  }

  @Override
  public void close() throws JMSException {
    connection.close();
  }
}
