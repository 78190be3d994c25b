package dev.caravan.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.caravan.simulator.Fault;
import dev.caravan.simulator.SimulatedServer;
import dev.caravan.testing.ArtemisBroker;
import dev.caravan.testing.CapturedLog;
import dev.caravan.testing.ScriptedServer;
import io.vertx.core.json.JsonObject;
import jakarta.jms.JMSContext;
import jakarta.jms.Message;
import java.io.ByteArrayOutputStream;
import java.io.ObjectOutputStream;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What docs/queues.md says of messages and answers, with a real broker of AMQP 1.0. */
@SuppressWarnings("NullAway.Init")
class AmqpQueueTest extends EndToEnd {
  private static final String TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

  private static ArtemisBroker broker;

  @BeforeAll
  static void startBroker() throws Exception {
    broker = ArtemisBroker.start();
  }

  @AfterAll
  static void stopBroker() throws Exception {
    broker.close();
  }

  private double count(String meter) {
    return gateway().meters().get(meter).tag("jobs", "work").counter().count();
  }

  private double gauge(String meter) {
    return gateway().meters().get(meter).tag("jobs", "work").gauge().value();
  }

  @Test
  void packagedRoute_answersWhereTheMessageSays() throws Exception {
    ScriptedServer server =
        closing(ScriptedServer.answering(ScriptedServer.whole(200, "{\"ok\":true}")));
    Map<String, String> settings = new HashMap<>();
    settings.put("caravan.queue.amqp.enabled", "true");
    try (AmqpQueues queues = new AmqpQueues(broker)) {
      queues.answers = queues.queue("answers");
      settings.putAll(queues.settings());
      settings.put("caravan.queue.amqp.jobs", queues.jobs());
      settings.put("caravan.queue.amqp.answers", queues.answers);
      settings.put("caravan.queue.amqp.dead-letters", queues.dead());
      start(PoolYaml.single(server.uri()), settings);
      String mine = queues.answers + ".mine";

      Message plain = queues.message(Jobs.line("plain", Chat.whole("Hello")));
      plain.setJMSCorrelationID("c-1");
      plain.setStringProperty("traceparent", TRACE);
      queues.send(plain, 4);
      Message there = queues.message(Jobs.line("there", Chat.whole("Hello")));
      there.setJMSCorrelationID("c-2");
      there.setJMSReplyTo(queues.session.createQueue(mine));
      queues.send(there, 4);
      Message elsewhere = queues.message(Jobs.line("elsewhere", Chat.whole("Hello")));
      elsewhere.setJMSReplyTo(queues.session.createQueue(queues.queue("other")));
      queues.send(elsewhere, 4);
      Message named = queues.message(Jobs.line("named", Chat.whole("Hello")));
      named.setStringProperty("caravan_reply_to", mine);
      queues.send(named, 4);

      Message answer = queues.receive(queues.answers);
      assertThat(answer.getJMSCorrelationID()).isEqualTo("c-1");
      assertThat(answer.getStringProperty("caravan-custom-id")).isEqualTo("plain");
      assertThat(answer.getStringProperty("caravan-status")).isEqualTo("200");
      JsonObject line = AmqpQueues.json(answer);
      assertThat(line.getString("custom_id")).isEqualTo("plain");
      assertThat(line.getJsonObject("response").getJsonObject("body"))
          .isEqualTo(new JsonObject("{\"ok\":true}"));
      List<String> toMine = new ArrayList<>();
      for (int i = 0; i < 2; i++) {
        Message each = queues.receive(mine);
        String id = AmqpQueues.json(each).getString("custom_id");
        toMine.add(id);
        assertThat(each.getJMSCorrelationID()).isEqualTo(id.equals("there") ? "c-2" : null);
      }
      assertThat(toMine).containsExactlyInAnyOrder("there", "named");
      Message dead = queues.receive(queues.dead());
      assertThat(dead.getStringProperty("caravan-reason")).isEqualTo("reply_to");
      assertThat(AmqpQueues.json(dead).getString("custom_id")).isEqualTo("elsewhere");
      assertThat(queues.rest(queues.answers)).isEmpty();
      assertThat(queues.rest(queues.queue("other"))).isEmpty();
      assertThat(server.requests())
          .anySatisfy(request -> assertThat(request.head().header("traceparent")).isEqualTo(TRACE));
    }
  }

  @Test
  void higherPriority_runsFirst() throws Exception {
    CountDownLatch first = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    ScriptedServer server =
        scripted(
            (peer, connection) -> {
              while (peer.request() != null) {
                first.countDown();
                go.await();
                peer.send(ScriptedServer.whole(200, "{}"));
              }
            });
    try (AmqpQueues queues = new AmqpQueues(broker)) {
      start(
          PoolYaml.single(server.uri()) + queues.routes("inflight: 1", "held: 10"),
          queues.settings());
      queues.send(queues.message(Jobs.line("running", Chat.whole("running"))), 4);
      first.await();
      queues.send(queues.message(Jobs.line("low", Chat.whole("low"))), 1);
      queues.send(queues.message(Jobs.line("middle", Chat.whole("middle"))), 4);
      queues.send(queues.message(Jobs.line("high", Chat.whole("high"))), 9);
      await().atMost(LONG).until(() -> gateway().jobs() == 4);
      go.countDown();
      queues.answered(4);
      assertThat(server.requests())
          .extracting(ScriptedServer.Request::text)
          .containsExactly(
              Chat.whole("running"), Chat.whole("high"), Chat.whole("middle"), Chat.whole("low"));
    }
  }

  @Test
  void object_isADeadLetterWithItsBytes_andTheOthersGoOn() throws Exception {
    ByteArrayOutputStream serialized = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(serialized)) {
      out.writeObject(new ArrayList<>(List.of("a", "b")));
    }
    try (AmqpQueues queues = new AmqpQueues(broker)) {
      start(PoolYaml.single(simulated("s").uri()) + queues.routes(), queues.settings());
      Message object = queues.session.createObjectMessage(new ArrayList<>(List.of("a", "b")));
      object.setStringProperty("x_of_mine", "kept");
      queues.send(object, 4);
      queues.send(Jobs.line("next", Chat.whole("Hello")));
      assertThat(queues.answered(1)).containsExactly("next");
      Message dead = queues.receive(queues.dead());
      assertThat(AmqpQueues.bytes(dead)).isEqualTo(serialized.toByteArray());
      assertThat(dead.getStringProperty("caravan-reason")).isEqualTo("unreadable");
      assertThat(dead.getStringProperty("caravan-detail")).isNotBlank();
      assertThat(dead.getStringProperty("x-of-mine")).isEqualTo("kept");
      assertThat(queues.rest(queues.jobs())).isEmpty();
    }
  }

  @Test
  void deliveredTooOften_isADeadLetter() throws Exception {
    try (AmqpQueues queues = new AmqpQueues(broker)) {
      queues.send(Jobs.line("killer", Chat.whole("Hello")));
      try (JMSContext other = broker.client().createContext(JMSContext.SESSION_TRANSACTED);
          var consumer = other.createConsumer(other.createQueue(queues.jobs()))) {
        for (int i = 0; i < 3; i++) {
          assertThat(consumer.receive(10_000)).isNotNull();
          other.rollback();
        }
      }
      SimulatedServer server = simulated("s");
      start(PoolYaml.single(server.uri()) + queues.routes("maxDeliveries: 3"), queues.settings());
      Message dead = queues.receive(queues.dead());
      assertThat(dead.getStringProperty("caravan-reason")).isEqualTo("too_many_deliveries");
      assertThat(AmqpQueues.json(dead).getString("custom_id")).isEqualTo("killer");
      assertThat(server.received()).isZero();
      assertThat(count("caravan.jobs.redelivered")).isEqualTo(1);
    }
  }

  @Test
  void transacted_eachJobIsAnsweredOnce_thoughServersFailAndTheGatewayStops() throws Exception {
    SimulatedServer server = simulated("s");
    try (AmqpQueues queues = new AmqpQueues(broker);
        CapturedLog quiet = CapturedLog.of("org.apache.camel")) {
      List<String> ids = queues.sendMany("job-", 60);
      String routes =
          PoolYaml.of(PoolYaml.MODEL)
                  .parameters("ejectAfter: 2", "ejectionTime: 1s", "maxEjected: 100", "panic: 0")
                  .server("only", server.uri())
                  .text()
              + queues.transactedRoutes();
      start(routes, queues.settings());
      List<String> answered = new ArrayList<>(queues.answered(10));
      server.fault(new Fault.Reset());
      long before = server.received();
      await().atMost(LONG).until(() -> server.received() >= before + 4);
      restart(routes, queues.settings());
      server.heal();
      queues.send("not json");
      while (answered.size() < ids.size()) {
        answered.add(AmqpQueues.json(queues.receive(queues.answers)).getString("custom_id"));
      }
      assertThat(answered).containsExactlyInAnyOrderElementsOf(ids);
      assertThat(AmqpQueues.bytes(queues.receive(queues.dead())))
          .isEqualTo("not json".getBytes(java.nio.charset.StandardCharsets.UTF_8));
      assertThat(queues.rest(queues.answers)).isEmpty();
      assertThat(queues.rest(queues.dead())).isEmpty();
      assertThat(queues.rest(queues.jobs())).isEmpty();
      assertThat(quiet.lines()).noneMatch(line -> line.contains("custom_id"));
    }
  }

  @Test
  void transacted_whatADrainGivesBack_isNotTakenAgain() throws Exception {
    CountDownLatch first = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    ScriptedServer server =
        scripted(
            (peer, connection) -> {
              peer.request();
              first.countDown();
              go.await();
              peer.send(ScriptedServer.whole(200, "{}"));
            });
    try (AmqpQueues queues = new AmqpQueues(broker);
        CapturedLog quiet = CapturedLog.of("org.apache.camel")) {
      start(
          PoolYaml.single(server.uri()) + queues.transactedRoutes("inflight: 1"),
          queues.settings());
      queues.sendMany("runs-", 1);
      first.await();
      queues.sendMany("waits-", 8);
      await().atMost(LONG).until(() -> gateway().jobs() >= 3);
      CompletableFuture<Void> drained = CompletableFuture.runAsync(gateway()::drain);
      await().atMost(LONG).until(() -> gateway().jobs() == 1);
      go.countDown();
      drained.join();
      stopGateway();
      List<Message> back = queues.rest(queues.jobs());
      assertThat(back).hasSize(8);
      for (Message each : back) {
        // The gateway's, where it had not only fetched it, and this one.
        assertThat(each.getIntProperty("JMSXDeliveryCount")).isLessThanOrEqualTo(2);
      }
      assertThat(quiet.lines()).isNotEmpty();
    }
  }

  @Test
  void fullAnswerQueue_holdsTheJobs_andAllArriveWhenItIsRead() throws Exception {
    try (AmqpQueues queues = new AmqpQueues(broker)) {
      queues.answers = ArtemisBroker.SMALL + queues.queue("answers");
      start(
          PoolYaml.single(simulated("s").uri()) + queues.routes("inflight: 8", "held: 16"),
          queues.settings());
      List<String> ids = queues.sendMany("job-", 120);
      await().atMost(LONG).until(() -> gauge("caravan.jobs.paused") == 1);
      await().atMost(LONG).until(() -> count("caravan.jobs.send.failures") >= 20);
      assertThat(gauge("caravan.jobs.held")).isLessThanOrEqualTo(16);
      List<String> answered = queues.answered(ids.size());
      assertThat(new HashSet<>(answered)).containsExactlyInAnyOrderElementsOf(ids);
      // A broker may take, late, what it was no longer waited for: that answer is there twice.
      int repeated = answered.size() - ids.size() + queues.rest(queues.answers).size();
      assertThat(repeated).isLessThanOrEqualTo(16);
      assertThat(queues.rest(queues.dead())).isEmpty();
    }
  }
}
