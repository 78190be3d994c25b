package dev.caravan.queue.amqp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.caravan.queue.Received;
import dev.caravan.testing.ArtemisBroker;
import dev.caravan.testing.CapturedLog;
import dev.caravan.testing.Together;
import jakarta.jms.JMSConsumer;
import jakarta.jms.JMSContext;
import jakarta.jms.JMSException;
import jakarta.jms.JMSProducer;
import jakarta.jms.Message;
import jakarta.jms.TextMessage;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Messages of a real broker are lent one by one, and end as their loans do. */
@SuppressWarnings("NullAway.Init")
class AmqpJobsTest {
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

  private static void send(String queue, int count) {
    JMSProducer producer = client.createProducer();
    for (int i = 0; i < count; i++) {
      producer.send(client.createQueue(queue), "m" + i);
    }
  }

  /** What is in a queue, with how often each has been delivered, this time included. */
  private static List<String> left(String queue) throws JMSException {
    List<String> left = new ArrayList<>();
    try (JMSContext other = broker.client().createContext();
        var consumer = other.createConsumer(other.createQueue(queue))) {
      @Nullable Message each;
      while ((each = consumer.receive(300)) != null) {
        left.add(((TextMessage) each).getText() + " " + each.getIntProperty("JMSXDeliveryCount"));
      }
    }
    return left;
  }

  @Test
  void settle_outOfOrder_acknowledgesThoseAlone() throws Exception {
    send("order", 5);
    try (Jobs jobs = Jobs.start(broker.url(), Jobs.from("order"))) {
      jobs.camel.getShutdownStrategy().setTimeout(1); // for it waits for what is lent
      jobs.awaitReceived(5);
      jobs.last("m4").delivery().settle();
      jobs.last("m2").delivery().settle();
    }
    // This broker does not count those that a closed session leaves.
    assertThat(left("order")).containsExactly("m0 1", "m1 1", "m3 1");
  }

  @Test
  void handBack_isDeliveredAgainAtOnce_uncounted() throws Exception {
    send("back", 2);
    try (Jobs jobs = Jobs.start(broker.url(), Jobs.from("back"))) {
      jobs.awaitReceived(2);
      jobs.last("m0").delivery().handBack();
      jobs.awaitReceived(3);
      Received again = jobs.last("m0");
      assertThat(again.message().deliveries()).isEqualTo(1);
      jobs.received.forEach(each -> each.delivery().settle());
    }
    assertThat(left("back")).isEmpty();
  }

  @Test
  void settle_fromManyThreadsWhileMessagesCome_losesNone() throws Exception {
    int count = 500;
    send("many", count);
    ConcurrentLinkedQueue<Received> seen = new ConcurrentLinkedQueue<>();
    try (Jobs jobs = Jobs.start(broker.url(), Jobs.from("many"))) {
      AtomicInteger next = new AtomicInteger();
      Together.run(
          8,
          () -> {
            for (int mine = next.getAndIncrement(); mine < count; mine = next.getAndIncrement()) {
              int index = mine;
              await().atMost(Jobs.LONG).until(() -> jobs.received.size() > index);
              Received each = jobs.received.get(index);
              each.delivery().settle();
              seen.add(each);
            }
            return null;
          });
    }
    assertThat(left("many")).isEmpty();
    assertThat(new HashSet<>(seen.stream().map(Jobs::text).toList()))
        .hasSize(count)
        .containsAll(IntStream.range(0, count).mapToObj(i -> "m" + i).toList());
  }

  @Test
  void noRoom_theBrokerKeepsTheRest_andStoppingGivesBackWhatWasFetched() throws Exception {
    send("room", 120);
    try (Jobs jobs = Jobs.start(broker.url(), Jobs.from("room"), 3)) {
      jobs.awaitReceived(3);
      List<String> others = left("room");
      assertThat(others).hasSizeBetween(120 - 3 - 53, 120 - 3 - 40);
      jobs.received.forEach(each -> each.delivery().settle());
      jobs.camel.getRouteController().suspendRoute("work");
      assertThat(left("room"))
          .hasSize(120 - 3 - others.size())
          .allMatch(each -> each.endsWith(" 1"));

      send("room", 1);
      jobs.setRoom(1);
      jobs.camel.getRouteController().resumeRoute("work");
      jobs.awaitReceived(4).get(3).delivery().settle();
    }
    assertThat(left("room")).isEmpty();
  }

  @Test
  void stop_whileMessagesAreLent_waitsForThem() throws Exception {
    send("stop", 2);
    Jobs jobs = Jobs.start(broker.url(), Jobs.from("stop"));
    jobs.awaitReceived(2);
    Thread stopping = new Thread(jobs::close);
    stopping.start();
    await().atMost(Jobs.LONG).until(() -> jobs.camel.getStatus().isStopping());
    assertThat(jobs.received).noneMatch(each -> each.delivery().lost());
    jobs.received.forEach(each -> each.delivery().settle());
    stopping.join();
    assertThat(left("stop")).isEmpty();
    assertThat(jobs.received).allMatch(each -> each.delivery().lost());
  }

  @Test
  void routeThatTakesNoJob_isAcknowledgedAtItsEnd() throws Exception {
    send("untaken", 3);
    String route =
        """
        - route:
            from:
              uri: "amqp:queue:untaken"
              steps:
                - choice:
                    when:
                      - simple: "${body} == 'm1'"
                        steps:
                          - to: "jobs:test"
        """;
    try (Jobs jobs = Jobs.start(broker.url(), route)) {
      jobs.awaitReceived(1).get(0).delivery().settle();
      assertThat(jobs.texts()).containsExactly("m1");
    }
    assertThat(left("untaken")).isEmpty();
  }

  @Test
  void routeThatFailsBeforeTheJob_isCountedByTheBroker_whichGivesUp() throws Exception {
    send("failing", 1);
    String route =
        """
        - route:
            from:
              uri: "amqp:queue:failing"
              steps:
                - throwException:
                    exceptionType: java.lang.IllegalStateException
                    message: on purpose
                - to: "jobs:test"
        """;
    try (CapturedLog quiet = CapturedLog.of("org.apache.camel");
        Jobs jobs = Jobs.start(broker.url(), route);
        JMSConsumer dead = client.createConsumer(client.createQueue("dead"))) {
      String body = dead.receive(20_000).getBody(String.class);
      assertThat(body).isEqualTo("m0");
      assertThat(jobs.received).isEmpty();
      assertThat(quiet.lines()).anyMatch(line -> line.contains("on purpose"));
    }
    assertThat(left("failing")).isEmpty();
  }
}
