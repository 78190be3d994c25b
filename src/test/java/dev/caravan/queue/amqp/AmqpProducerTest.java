package dev.caravan.queue.amqp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.caravan.testing.ArtemisBroker;
import dev.caravan.testing.FaultyProxy;
import dev.caravan.testing.Together;
import jakarta.jms.BytesMessage;
import jakarta.jms.DeliveryMode;
import jakarta.jms.JMSContext;
import jakarta.jms.Message;
import jakarta.jms.Queue;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.camel.CamelExecutionException;
import org.apache.qpid.jms.JmsConnectionFactory;
import org.apache.qpid.jms.JmsDestination;
import org.apache.qpid.jms.message.JmsMessage;
import org.apache.qpid.jms.provider.amqp.message.AmqpJmsMessageFacade;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Answers go to a real broker, and whoever sends one knows whether it is there. */
@SuppressWarnings("NullAway.Init")
class AmqpProducerTest {
  private static final byte[] ANSWER = "{\"id\": 1}".getBytes(StandardCharsets.UTF_8);

  private static ArtemisBroker broker;
  private static JMSContext client;

  @BeforeAll
  static void start() throws Exception {
    broker = ArtemisBroker.start();
    JmsConnectionFactory factory = broker.client();
    factory.setValidatePropertyNames(false);
    client = factory.createContext();
  }

  @AfterAll
  static void stop() throws Exception {
    client.close();
    broker.close();
  }

  private static Message receive(Queue queue) {
    try (var consumer = client.createConsumer(queue)) {
      Message message = consumer.receive(20_000);
      if (message == null) {
        throw new AssertionError("nothing came");
      }
      return message;
    }
  }

  @Test
  void answer_isADataSection_withItsContentTypeAndNamesAsTheyAre() throws Exception {
    try (Jobs jobs = Jobs.start(broker.url(), "")) {
      jobs.send(
          "answers",
          ANSWER,
          Map.of(
              "Content-Type", "application/json",
              "JMSCorrelationID", "c-1",
              "JMSXGroupID", "talk",
              "caravan-reason", "because"));
    }
    Message answer = receive(client.createQueue("answers"));
    AmqpJmsMessageFacade wire = (AmqpJmsMessageFacade) ((JmsMessage) answer).getFacade();
    assertThat(String.valueOf(wire.getContentType())).isEqualTo("application/json");
    assertThat(answer.getBody(byte[].class)).isEqualTo(ANSWER);
    assertThat(answer.getJMSCorrelationID()).isEqualTo("c-1");
    assertThat(answer.getStringProperty("JMSXGroupID")).isEqualTo("talk");
    assertThat(answer.getStringProperty("caravan-reason")).isEqualTo("because");
    assertThat(answer.propertyExists("Content-Type")).isFalse();
    assertThat(answer.getJMSDeliveryMode()).isEqualTo(DeliveryMode.PERSISTENT);
  }

  @Test
  void answer_toAnAddressOfItsSender_getsThere() throws Exception {
    Queue own = client.createTemporaryQueue();
    try (Jobs jobs = Jobs.start(broker.url(), "")) {
      String address = ((JmsDestination) own).getAddress();
      jobs.send("any", ANSWER, Map.of("CamelJmsDestinationName", address));
      assertThat(((BytesMessage) receive(own)).getBodyLength()).isEqualTo(ANSWER.length);
    }
  }

  @Test
  void manyThreads_shareOneConnection() throws Exception {
    int count = 400;
    try (FaultyProxy network = new FaultyProxy(broker.port());
        Jobs jobs = Jobs.start("amqp://127.0.0.1:" + network.port(), "")) {
      AtomicInteger next = new AtomicInteger();
      Together.run(
          8,
          () -> {
            while (next.getAndIncrement() < count) {
              jobs.send("shared", ANSWER, Map.of());
            }
            return null;
          });
      assertThat(network.connections()).isEqualTo(1);
    }
    Queue queue = client.createQueue("shared");
    for (int i = 0; i < count; i++) {
      receive(queue);
    }
  }

  @Test
  void fullQueue_failsTheSend_andOnceThereIsRoomItIsTaken() throws Exception {
    String name = ArtemisBroker.SMALL + "answers";
    byte[] large = new byte[4_000];
    try (Jobs jobs = Jobs.start(broker.url() + "?jms.sendTimeout=1000", "")) {
      AtomicInteger taken = new AtomicInteger();
      assertThatThrownBy(
              () -> {
                for (int i = 0; i < 50; i++) {
                  jobs.send(name, large, Map.of());
                  taken.incrementAndGet();
                }
              })
          .rootCause()
          .hasMessageContaining("is full");
      assertThat(taken.get()).isPositive();

      Queue queue = client.createQueue(name);
      for (int i = 0; i < taken.get(); i++) {
        receive(queue);
      }
      jobs.send(name, large, Map.of());
      receive(queue);
    }
  }

  @Test
  void brokenNetwork_failsTheSend_andLaterItWorksAgain() throws Exception {
    try (FaultyProxy network = new FaultyProxy(broker.port());
        Jobs jobs =
            Jobs.start(
                "amqp://127.0.0.1:"
                    + network.port()
                    + "?jms.sendTimeout=1000&jms.requestTimeout=1000&jms.connectTimeout=1000",
                "")) {
      Queue queue = client.createQueue("network");
      jobs.send("network", ANSWER, Map.of());
      receive(queue);

      network.loseEverything();
      assertThatThrownBy(() -> jobs.send("network", ANSWER, Map.of()))
          .rootCause()
          .hasMessageContaining("Timed out");

      network.resetEverything();
      assertThatThrownBy(() -> jobs.send("network", ANSWER, Map.of()))
          .isInstanceOf(CamelExecutionException.class);

      network.heal();
      await()
          .atMost(Jobs.LONG)
          .ignoreExceptions()
          .until(
              () -> {
                jobs.send("network", ANSWER, Map.of());
                return true;
              });
      receive(queue);
    }
  }
}
