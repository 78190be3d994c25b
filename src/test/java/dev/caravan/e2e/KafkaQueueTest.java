package dev.caravan.e2e;

import static dev.caravan.e2e.KafkaQueues.ANSWERS;
import static dev.caravan.e2e.KafkaQueues.CHUNKS;
import static dev.caravan.e2e.KafkaQueues.DEAD;
import static dev.caravan.e2e.KafkaQueues.REPLIES;
import static dev.caravan.e2e.KafkaQueues.bytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.caravan.testing.KafkaBroker;
import dev.caravan.testing.ScriptedServer;
import io.vertx.core.json.JsonObject;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What docs/queues.md says of messages and answers, with a real Kafka. */
class KafkaQueueTest extends EndToEnd {
  @RegisterExtension static final KafkaBroker BROKER = new KafkaBroker();

  private static final String TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

  private KafkaQueues start(KafkaQueues queues, String pool, String... parameters)
      throws Exception {
    Map<String, String> settings = new HashMap<>(queues.settings());
    settings.put("caravan.http.max-body", "64K");
    start(pool + queues.routes(parameters), settings);
    return queues;
  }

  @Test
  void packagedRoute_asTheWalkThroughHasIt() throws Exception {
    List.of("caravan-jobs", "caravan-answers", "caravan-dead-letters")
        .forEach(topic -> BROKER.topic(topic, 1));
    start(
        PoolYaml.single(simulated("s").uri()),
        Map.of(
            "caravan.queue.kafka.enabled",
            "true",
            "caravan.queue.kafka.brokers",
            BROKER.brokers()));
    try (KafkaProducer<byte[], byte[]> producer = BROKER.producer();
        KafkaConsumer<byte[], byte[]> reader = BROKER.reader()) {
      producer.send(
          new ProducerRecord<>("caravan-jobs", bytes(Jobs.line("job-1", Chat.whole("Hello")))));
      producer.send(new ProducerRecord<>("caravan-jobs", bytes("not a job"))).get();
      reader.assign(
          List.of(
              new TopicPartition("caravan-answers", 0),
              new TopicPartition("caravan-dead-letters", 0)));
      Map<String, KafkaQueues.Out> found = new HashMap<>();
      await()
          .atMost(LONG)
          .until(
              () -> {
                reader
                    .poll(java.time.Duration.ofMillis(500))
                    .forEach(record -> found.put(record.topic(), new KafkaQueues.Out(record)));
                return found.size() == 2;
              });
      KafkaQueues.Out answer = Objects.requireNonNull(found.get("caravan-answers"));
      assertThat(answer.key()).isEqualTo("job-1");
      assertThat(answer.status()).isEqualTo(200);
      KafkaQueues.Out dead = Objects.requireNonNull(found.get("caravan-dead-letters"));
      assertThat(dead.bytes()).isEqualTo(bytes("not a job"));
      assertThat(dead.header("caravan-reason")).isEqualTo("invalid_message");
      assertThat(dead.header("caravan-origin")).isEqualTo("caravan-jobs-0@1");
      assertThat(dead.header("caravan-detail")).isEqualTo("it is not valid JSON");
    }
  }

  @Test
  void line_isAnsweredUnderItsId_andItsHeadersGoWhereTheyBelong() throws Exception {
    ScriptedServer server =
        closing(ScriptedServer.answering(ScriptedServer.whole(200, "{\"ok\":true}")));
    try (KafkaQueues queues = start(new KafkaQueues(BROKER, 1), PoolYaml.single(server.uri()))) {
      queues.send(
          bytes("some key"),
          bytes(Jobs.line("job-1", Chat.whole("Hello"))),
          "correlation-id",
          "c-7",
          "traceparent",
          TRACE,
          "x-request-id",
          "mine-1",
          // What Camel would act on.
          "kafka.OVERRIDE_TOPIC",
          queues.topic(REPLIES),
          "kafka.KEY",
          "trick",
          "CamelHttpUri",
          "http://127.0.0.1:1/");
      KafkaQueues.Out answer = queues.await(ANSWERS, 1).get(0);
      assertThat(answer.key()).isEqualTo("job-1");
      assertThat(answer.json().getString("custom_id")).isEqualTo("job-1");
      assertThat(answer.json().getJsonObject("response").getJsonObject("body"))
          .isEqualTo(new JsonObject("{\"ok\":true}"));
      assertThat(answer.json().getJsonObject("response").getString("request_id"))
          .isEqualTo("mine-1");
      assertThat(answer.header("caravan-custom-id")).isEqualTo("job-1");
      assertThat(answer.header("caravan-status")).isEqualTo("200");
      assertThat(answer.header("correlation-id")).isEqualTo("c-7");
      assertThat(answer.header("content-type")).isEqualTo("application/json");
      assertThat(server.requests())
          .singleElement()
          .satisfies(
              request -> {
                assertThat(request.head().header("traceparent")).isEqualTo(TRACE);
                assertThat(request.text()).isEqualTo(Chat.whole("Hello"));
              });
      queues.settle();
      assertThat(queues.all(REPLIES)).isEmpty();
    }
  }

  @Test
  void recordKey_isTheConversation() throws Exception {
    PoolYaml pool = PoolYaml.of(PoolYaml.MODEL).parameters("affinity: soft");
    for (String name : List.of("a", "b", "c")) {
      pool.server(name, simulated(name).uri());
    }
    // One at a time: a home that is busy would have others help.
    try (KafkaQueues queues =
        start(new KafkaQueues(BROKER, 1), pool.text(), "inflight: 1", "held: 60")) {
      for (int i = 0; i < 60; i++) {
        queues.send(bytes("talk-" + i % 20), bytes(Jobs.line("j" + i, Chat.whole("turn " + i))));
      }
      queues.await(ANSWERS, 60);
      await().atMost(LONG).until(() -> gateway().accessLog().size() == 60);
      Map<Integer, Set<String>> homes = new HashMap<>();
      Set<String> all = new HashSet<>();
      for (String line : gateway().accessLog()) {
        JsonObject entry = new JsonObject(line);
        int job = Integer.parseInt(entry.getString("custom_id").substring(1));
        homes.computeIfAbsent(job % 20, talk -> new HashSet<>()).add(entry.getString("backend"));
        all.add(entry.getString("backend"));
      }
      assertThat(homes.values()).hasSize(20).allMatch(servers -> servers.size() == 1);
      assertThat(all).containsExactlyInAnyOrder("a", "b", "c");
    }
  }

  @Test
  void replyTo_isTheAnswersTopic_whereTheRouteAllowsIt() throws Exception {
    KafkaQueues queues = new KafkaQueues(BROKER, 1);
    try (queues) {
      start(
          queues,
          PoolYaml.single(simulated("s").uri()),
          "replyTo: \"" + queues.topic("re*") + "\"");
      queues.send("near", Chat.whole("Hello"), "caravan-reply-to", queues.topic(REPLIES));
      queues.send("far", Chat.whole("Hello"), "caravan-reply-to", queues.topic(CHUNKS));
      assertThat(queues.await(REPLIES, 1))
          .singleElement()
          .satisfies(answer -> assertThat(answer.key()).isEqualTo("near"));
      assertThat(queues.await(DEAD, 1))
          .singleElement()
          .satisfies(
              dead -> {
                assertThat(dead.key()).isEqualTo("far");
                assertThat(dead.header("caravan-reason")).isEqualTo("reply_to");
              });
      queues.settle();
      assertThat(queues.all(ANSWERS)).isEmpty();
      assertThat(queues.all(CHUNKS)).isEmpty();
    }
  }

  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Poisoned(byte[] body, String reason) {}

  private static Poisoned poison(String body, String reason) {
    return new Poisoned(bytes(body), reason);
  }

  private static String line(String method, String url, String body) {
    return "{\"custom_id\":\"x\",\"method\":\"%s\",\"url\":\"%s\",\"body\":%s}"
        .formatted(method, url, body);
  }

  private static List<Poisoned> poisons() {
    String chat = Chat.whole("Hello");
    return List.of(
        poison("not json", "invalid_message"),
        poison("", "invalid_message"),
        poison("[1]", "invalid_message"),
        poison("[".repeat(5_000), "invalid_message"),
        new Poisoned(new byte[] {(byte) 0xff, (byte) 0xfe, 0, 1}, "invalid_message"),
        // How a serialized Java object begins.
        new Poisoned(new byte[] {(byte) 0xac, (byte) 0xed, 0, 5, 's', 'r'}, "invalid_message"),
        poison(line("GET", Chat.PATH, chat), "invalid_message"),
        poison(line("POST", "/v1/files", chat), "unknown_url"),
        poison(line("POST", "/v1/../q/health", chat), "unknown_url"),
        poison(line("POST", Chat.PATH, "{}"), "invalid_request"),
        poison(line("POST", Chat.PATH, "{\"model\":\"nobody\",\"messages\":[]}"), "unknown_model"),
        poison(line("POST", Chat.PATH, Chat.whole("x".repeat(70_000))), "too_large"));
  }

  @Test
  void poison_goesToTheDeadLettersAsItCame_andTheOthersGoOn() throws Exception {
    try (KafkaQueues queues =
        start(new KafkaQueues(BROKER, 1), PoolYaml.single(simulated("s").uri()))) {
      List<Poisoned> poisons = poisons();
      List<String> good = new ArrayList<>();
      for (int i = 0; i < poisons.size(); i++) {
        queues.send(bytes("dead-" + i), poisons.get(i).body(), "x-of-mine", "kept " + i);
        good.addAll(queues.sendMany("good" + i + "-", 2));
      }
      assertThat(queues.await(ANSWERS, good.size()))
          .extracting(KafkaQueues.Out::key)
          .containsExactlyInAnyOrderElementsOf(good);
      queues.await(DEAD, poisons.size());
      for (KafkaQueues.Out dead : queues.all(DEAD)) {
        int i = Integer.parseInt(dead.key().substring("dead-".length()));
        Poisoned sent = poisons.get(i);
        String shown = new String(sent.body(), StandardCharsets.ISO_8859_1);
        assertThat(dead.bytes()).as(shown).isEqualTo(sent.body());
        assertThat(dead.header("caravan-reason")).as(shown).isEqualTo(sent.reason());
        assertThat(dead.header("caravan-detail")).isNotBlank();
        assertThat(dead.header("caravan-origin"))
            .isEqualTo(queues.topic(KafkaQueues.JOBS) + "-0@" + 3 * i);
        assertThat(dead.header("x-of-mine")).isEqualTo("kept " + i);
      }
      await().atMost(LONG).until(() -> queues.committed() == 3L * poisons.size());
      queues.settle();
      assertThat(queues.all(DEAD)).hasSize(poisons.size());
      assertThat(queues.all(ANSWERS)).hasSize(good.size());
    }
  }

  @Test
  void streamedJobs_sendTheirEventsInOrder_beforeTheirAnswers() throws Exception {
    KafkaQueues queues = new KafkaQueues(BROKER, 1);
    try (queues) {
      start(
          queues,
          PoolYaml.single(simulated("s").uri()),
          "chunks: \"kafka:" + queues.topic(CHUNKS) + "\"");
      List<String> ids = List.of("one", "two", "three");
      ids.forEach(id -> queues.send(id, Chat.stream("Tell me of " + id, 20), "correlation-id", id));
      Map<String, KafkaQueues.Out> answers = new HashMap<>();
      queues.await(ANSWERS, 3).forEach(answer -> answers.put(answer.key(), answer));
      queues.await(CHUNKS, 3);
      queues.settle();
      for (String id : ids) {
        List<KafkaQueues.Out> chunks =
            queues.all(CHUNKS).stream().filter(chunk -> chunk.key().equals(id)).toList();
        // By their key they are in one partition, and so in the order in which they were sent.
        assertThat(chunks)
            .extracting(chunk -> chunk.record().partition())
            .containsOnly(chunks.get(0).record().partition());
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < chunks.size(); i++) {
          KafkaQueues.Out chunk = chunks.get(i);
          assertThat(chunk.header("caravan-sequence")).isEqualTo(Integer.toString(i));
          assertThat(chunk.header("caravan-attempt")).isEqualTo("1");
          assertThat(chunk.header("correlation-id")).isEqualTo(id);
          assertThat(chunk.json().getString("custom_id")).isEqualTo(id);
          text.append(Chat.text(chunk.json().getJsonObject("chunk"), "delta"));
        }
        KafkaQueues.Out answer = Objects.requireNonNull(answers.get(id));
        assertThat(chunks.get(chunks.size() - 1).record().timestamp())
            .isLessThanOrEqualTo(answer.record().timestamp());
        assertThat(answer.json().getString("id")).isEqualTo(chunks.get(0).json().getString("id"));
        JsonObject body = answer.json().getJsonObject("response").getJsonObject("body");
        assertThat(text).isNotEmpty().hasToString(Chat.text(body, "message"));
      }
    }
  }

  @Test
  void deadLetter_hasEachHeaderOnce() throws Exception {
    try (KafkaQueues queues =
        start(new KafkaQueues(BROKER, 1), PoolYaml.single(simulated("s").uri()))) {
      queues.send(bytes("k"), bytes("not json"), "correlation-id", "c-1", "x-a", "1");
      KafkaQueues.Out dead = queues.await(DEAD, 1).get(0);
      assertThat(dead.record().headers().toArray())
          .extracting(Header::key)
          .containsExactlyInAnyOrder(
              "correlation-id", "x-a", "caravan-reason", "caravan-detail", "caravan-origin");
    }
  }
}
