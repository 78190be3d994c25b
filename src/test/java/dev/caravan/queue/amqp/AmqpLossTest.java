package dev.caravan.queue.amqp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.caravan.queue.Received;
import dev.caravan.testing.ArtemisBroker;
import dev.caravan.testing.CapturedLog;
import dev.caravan.testing.FaultyProxy;
import jakarta.jms.JMSContext;
import jakarta.jms.JMSException;
import jakarta.jms.Message;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.apache.camel.component.jms.JmsConsumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Brokers and networks fail, and no message is lost. */
@SuppressWarnings("NullAway.Init")
class AmqpLossTest {
  private static ArtemisBroker broker;

  @BeforeAll
  static void start() throws Exception {
    broker = ArtemisBroker.start();
  }

  @AfterAll
  static void stop() throws Exception {
    broker.close();
  }

  private static void send(String queue, int count) {
    try (JMSContext client = broker.client().createContext()) {
      for (int i = 0; i < count; i++) {
        client.createProducer().send(client.createQueue(queue), "m" + i);
      }
    }
  }

  private static List<String> left(String queue) throws JMSException {
    List<String> left = new ArrayList<>();
    try (JMSContext client = broker.client().createContext();
        var consumer = client.createConsumer(client.createQueue(queue))) {
      @Nullable Message each;
      while ((each = consumer.receive(300)) != null) {
        left.add(each.getBody(String.class));
      }
    }
    return left;
  }

  private static void settle(List<Received> received) {
    received.forEach(each -> each.delivery().settle());
  }

  /**
   * A plain address is connected to by the consumer again; with failover, by the client library.
   */
  @ParameterizedTest
  @ValueSource(strings = {"amqp://127.0.0.1:%d", "failover:(amqp://127.0.0.1:%d)"})
  void connectionLost_whatIsNotSettledComesAgain_andOldLoansDoNothing(String url) throws Exception {
    String queue = url.startsWith("f") ? "lost-failover" : "lost";
    send(queue, 4);
    try (FaultyProxy network = new FaultyProxy(broker.port());
        CapturedLog log = CapturedLog.of("dev.caravan.queue.amqp.Outage");
        Jobs jobs = Jobs.start(url.formatted(network.port()), Jobs.from(queue))) {
      List<Received> first = jobs.awaitReceived(4);
      jobs.last("m1").delivery().settle();

      network.resetEverything();
      await()
          .atMost(Jobs.LONG)
          .until(() -> first.stream().allMatch(each -> each.delivery().lost()));
      jobs.last("m2").delivery().settle();
      jobs.last("m3").delivery().handBack();
      network.heal();

      await()
          .atMost(Jobs.LONG)
          .until(
              () -> jobs.texts().stream().skip(4).toList().containsAll(List.of("m0", "m2", "m3")));
      List<Received> again = jobs.received.subList(4, jobs.received.size());
      settle(first); // of messages that are lent anew
      assertThat(again).noneMatch(each -> each.delivery().lost());
      settle(again);
      assertThat(log.lines().size()).as("%s", log.lines()).isLessThanOrEqualTo(4);
    }
    assertThat(left(queue)).isEmpty();
  }

  @Test
  void lateNewsOfAnOldConnection_costNothingOfTheNewOne() throws Exception {
    send("late-news", 2);
    try (FaultyProxy network = new FaultyProxy(broker.port());
        Jobs jobs = Jobs.start("amqp://127.0.0.1:" + network.port(), Jobs.from("late-news"))) {
      List<Received> first = jobs.awaitReceived(2);
      AmqpContainer container =
          (AmqpContainer)
              ((JmsConsumer) jobs.camel.getRoute("work").getConsumer()).getListenerContainer();
      Losses old = container.losses();
      assertThat(old).isNotNull();
      network.resetEverything();
      await()
          .atMost(Jobs.LONG)
          .until(() -> first.stream().allMatch(each -> each.delivery().lost()));
      network.heal();
      List<Received> again = jobs.awaitReceived(4).subList(2, 4);
      assertThat(container.losses()).isNotSameAs(old);

      old.onConnectionFailure(new IOException("told late"));

      assertThat(again).noneMatch(each -> each.delivery().lost());
      settle(again);
    }
    assertThat(left("late-news")).isEmpty();
  }

  @Test
  void brokerKilledAndStartedAgain_allMessagesCome() throws Exception {
    send("killed", 100);
    try (CapturedLog log = CapturedLog.of("dev.caravan.queue.amqp.Outage");
        Jobs jobs = Jobs.start(broker.url(), Jobs.from("killed"))) {
      List<Received> first = jobs.awaitReceived(100);
      settle(first.subList(0, 40));
      broker.kill();
      settle(first.subList(40, 50)); // nobody to hear it
      await()
          .atMost(Jobs.LONG)
          .until(() -> log.lines().stream().anyMatch(line -> line.contains("Nothing comes from")));
      jobs.settleAtOnce = true; // also those whose settlement was on its way
      broker.begin();

      List<String> open = first.subList(50, 100).stream().map(Jobs::text).toList();
      await()
          .atMost(Jobs.LONG)
          .until(() -> jobs.texts().stream().skip(100).toList().containsAll(open));
      assertThat(log.lines()).anyMatch(line -> line.contains("again"));
    }
    assertThat(left("killed")).isEmpty();
  }

  @Test
  void brokerDownAtStart_isWaitedFor_andToldOnce() throws Exception {
    try (ArtemisBroker later = ArtemisBroker.stopped();
        CapturedLog log = CapturedLog.of("dev.caravan.queue.amqp.Outage");
        CapturedLog spring = CapturedLog.of("org.springframework");
        CapturedLog camel = CapturedLog.of("org.apache.camel.component.jms");
        Jobs jobs = Jobs.start(later.url(), Jobs.from("late"))) {
      assertThat(jobs.camel.isStarted()).isTrue();
      await().atMost(Jobs.LONG).until(() -> !log.lines().isEmpty());
      later.begin();
      try (JMSContext client = later.client().createContext()) {
        client.createProducer().send(client.createQueue("late"), "x");
      }
      settle(jobs.awaitReceived(1));
      assertThat(log.lines()).hasSize(2);
      assertThat(log.lines().get(0))
          .startsWith("WARN Nothing comes from queue late of amqp://127.0.0.1:" + later.port())
          .contains("refused");
      assertThat(log.lines().get(1)).startsWith("INFO Messages come from queue late");
      assertThat(spring.lines())
          .noneMatch(line -> line.startsWith("WARN") || line.startsWith("ERR"));
      assertThat(camel.lines())
          .noneMatch(line -> line.startsWith("WARN") || line.startsWith("ERR"));
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "amqp://no-such-host.invalid:5672",
        "failover:(amqp://no-such-host.invalid:5672)",
        "amqp://127.0.0.1:1?jms.clientID=secret"
      })
  void hostThatIsNone_holdsUpNeitherStartNorStop_andIsToldOnce(String url) throws Exception {
    try (CapturedLog log = CapturedLog.of("dev.caravan.queue.amqp.Outage")) {
      try (Jobs jobs = Jobs.start(url, Jobs.from("nowhere"))) {
        assertThat(jobs.camel.isStarted()).isTrue();
        await().atMost(Jobs.LONG).until(() -> !log.lines().isEmpty());
      }
      assertThat(log.lines()).hasSize(1);
      assertThat(log.lines().get(0)).startsWith("WARN Nothing").doesNotContain("secret");
    }
  }
}
