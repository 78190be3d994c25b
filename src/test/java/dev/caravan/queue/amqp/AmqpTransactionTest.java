package dev.caravan.queue.amqp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.caravan.testing.ArtemisBroker;
import dev.caravan.testing.CapturedLog;
import jakarta.jms.JMSContext;
import jakarta.jms.Message;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** A stock route in a transaction: the job is taken and its answer sent, or neither. */
@SuppressWarnings("NullAway.Init")
class AmqpTransactionTest {
  private static ArtemisBroker broker;
  private static JMSContext client;

  @BeforeAll
  static void start() throws Exception {
    broker = ArtemisBroker.start();
    client = broker.client().createContext();
  }

  @AfterAll
  static void stop() throws Exception {
    client.close();
    broker.close();
  }

  private static String route(String in, String out) {
    return """
        - route:
            from:
              uri: "amqp:queue:%s"
              parameters: {transacted: true}
              steps:
                - to: "jobs:test"
                - to: "amqp:queue:%s"
                - to: "jobs:test"
        """
        .formatted(in, out);
  }

  @Test
  void job_thatEndsWell_isTakenAndAnsweredInOne() throws Exception {
    client.createProducer().send(client.createQueue("good"), "question");
    try (Jobs jobs = Jobs.start(broker.url(), "")) {
      jobs.work =
          exchange -> exchange.getMessage().setBody("answer".getBytes(StandardCharsets.UTF_8));
      jobs.load(route("good", "good-answers"));
      Message answer = client.createConsumer(client.createQueue("good-answers")).receive(20_000);
      assertThat(new String(answer.getBody(byte[].class), StandardCharsets.UTF_8))
          .isEqualTo("answer");
    }
    assertThat(client.createConsumer(client.createQueue("good")).receive(300)).isNull();
  }

  @Test
  void job_thatFailsAfterItsAnswer_isGivenBack_andNoAnswerIsThere() throws Exception {
    client.createProducer().send(client.createQueue("bad"), "question");
    AtomicInteger steps = new AtomicInteger();
    try (CapturedLog log = CapturedLog.of("org.apache.camel");
        Jobs jobs = Jobs.start(broker.url(), "")) {
      jobs.work =
          exchange -> {
            exchange.getMessage().setBody(new byte[] {1});
            if (steps.incrementAndGet() % 2 == 0) { // the step after the answer
              exchange.setException(new IllegalStateException("on purpose"));
            }
          };
      jobs.load(route("bad", "bad-answers"));
      // Each delivery has two steps: the third one shows that the message came again.
      await().atMost(Jobs.LONG).until(() -> steps.get() >= 4);
      assertThat(log.lines()).anyMatch(line -> line.contains("on purpose"));
    }
    assertThat(client.createConsumer(client.createQueue("bad-answers")).receive(300)).isNull();
    Message back = client.createConsumer(client.createQueue("bad")).receive(300);
    Message dead = client.createConsumer(client.createQueue("dead")).receive(300);
    assertThat(back == null).as("it is in its queue, or tried ten times").isEqualTo(dead != null);
  }

  @Test
  void handBack_rollsBack() throws Exception {
    client.createProducer().send(client.createQueue("hand"), "question");
    AtomicInteger deliveries = new AtomicInteger();
    try (CapturedLog quiet = CapturedLog.of("org.apache.camel");
        Jobs jobs = Jobs.start(broker.url(), "")) {
      jobs.work =
          exchange -> {
            if (deliveries.incrementAndGet() == 1) {
              exchange.setRollbackOnly(true);
            } else {
              exchange.getMessage().setBody(new byte[] {1});
            }
          };
      jobs.load(route("hand", "hand-answers"));
      Message answer = client.createConsumer(client.createQueue("hand-answers")).receive(20_000);
      assertThat(answer).isNotNull();
      assertThat(deliveries.get()).isGreaterThanOrEqualTo(2);
      assertThat(quiet.lines()).isNotEmpty();
    }
  }
}
