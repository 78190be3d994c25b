package dev.caravan.queue.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.caravan.queue.Received;
import dev.caravan.testing.CapturedLog;
import dev.caravan.testing.KafkaBroker;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.apache.camel.builder.RouteBuilder;
import org.apache.camel.component.kafka.KafkaConstants;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Jobs from a real broker: what is lent, when it is committed, and what comes again. */
class KafkaJobsTest {
  @RegisterExtension private static final KafkaBroker BROKER = new KafkaBroker();

  private static final AtomicInteger TOPICS = new AtomicInteger();
  private static final Duration PATIENCE = Duration.ofSeconds(40);
  private static final String QUICK =
      "&sessionTimeoutMs=6000&heartbeatIntervalMs=300&additionalProperties.metadata.max.age.ms=1000";

  private String topic = "";

  @BeforeEach
  void name() {
    topic = "jobs" + TOPICS.incrementAndGet();
  }

  private String uri() {
    return "kafka:" + topic + "?groupId=g&brokers=" + BROKER.brokers() + QUICK;
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private void send(int partition, String... bodies) {
    try (KafkaProducer<byte[], byte[]> producer = BROKER.producer()) {
      for (String body : bodies) {
        producer.send(new ProducerRecord<>(topic, partition, null, bytes(body)));
      }
      producer.flush();
    }
  }

  /** What is committed; null for nothing, as long as the group is new too. */
  private @Nullable OffsetAndMetadata committed() throws Exception {
    try (Admin admin = BROKER.admin()) {
      return admin
          .listConsumerGroupOffsets("g")
          .partitionsToOffsetAndMetadata()
          .get()
          .get(new TopicPartition(topic, 0));
    }
  }

  private void awaitCommitted(long offset, String note) {
    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () -> assertThat(committed()).isEqualTo(new OffsetAndMetadata(offset, note)));
  }

  @Test
  void jobsThatEndOutOfOrder_areCommittedInOrder() throws Exception {
    BROKER.topic(topic, 1);
    send(0, "a", "b", "c", "d", "e");
    try (JobMember member = new JobMember(uri()).start().awaitJobs(5)) {
      member.begin("b").settle();
      member.begin("d").settle();
      member.begin("e").settle();
      awaitCommitted(0, "done:1.1,1.2");
      member.begin("a").settle();
      awaitCommitted(2, "done:1.2");
      member.begin("c").settle();
      awaitCommitted(5, "");
      assertThat(member.count("records")).isEqualTo(5);
      assertThat(member.count("commits")).isBetween(3.0, 5.0);
      await().atMost(PATIENCE).until(() -> member.gauge("lag") == 0);
    }
  }

  @Test
  void whatWasDone_isSkippedAfterARestart() throws Exception {
    BROKER.topic(topic, 1);
    send(0, "a", "b", "c", "d", "e");
    try (JobMember member = new JobMember(uri()).start().awaitJobs(5)) {
      member.begin("b").settle();
      member.begin("d").settle();
    }
    awaitCommitted(0, "done:1.1,1.1");
    try (JobMember member = new JobMember(uri()).start().awaitJobs(3)) {
      assertThat(member.bodies()).containsExactly("a", "c", "e");
      assertThat(member.count("repeats.skipped")).isEqualTo(2);
    }
  }

  @Test
  void noMoreComes_thanThereIsRoomFor() throws Exception {
    BROKER.topic(topic, 1);
    send(0, IntStream.range(0, 30).mapToObj(String::valueOf).toArray(String[]::new));
    try (JobMember member = new JobMember(uri()).places(0).start()) {
      await().atMost(PATIENCE).until(() -> member.gauge("lag") == 30);
      assertThat(member.jobs).isEmpty();
      assertThat(member.gauge("paused")).isEqualTo(1);
      member.places(2).awaitJobs(2).places(7).awaitJobs(7);
      await().atMost(PATIENCE).until(() -> member.gauge("paused") == 1);
      assertThat(member.jobs).hasSize(7);
      member.places(100).awaitJobs(30);
      await().atMost(PATIENCE).until(() -> member.gauge("paused") == 0);
      assertThat(member.bodies())
          .isEqualTo(IntStream.range(0, 30).mapToObj(String::valueOf).toList());
    }
  }

  @Test
  void whatIsHandedBack_comesAgain_andIsNotCommitted() throws Exception {
    BROKER.topic(topic, 1);
    send(0, "a", "b");
    try (JobMember member = new JobMember(uri()).start().awaitJobs(2)) {
      member.begin("b").settle();
      member.begin("a").handBack();
      member.awaitJobs(3);
      awaitCommitted(0, "done:1.1");
      assertThat(member.job("a").message().deliveries()).isEqualTo(2);
      member.begin("a").settle();
      awaitCommitted(2, "");
    }
  }

  @Test
  void whenPartitionsGo_whatHadBegunEnds_andTheRestGoesAlong() throws Exception {
    BROKER.topic(topic, 4);
    Set<String> all = new TreeSet<>();
    for (int partition = 0; partition < 4; partition++) {
      for (int i = 0; i < 10; i++) {
        all.add(partition + "-" + i);
        send(partition, partition + "-" + i);
      }
    }
    try (JobMember first = new JobMember(uri()).start().awaitJobs(40);
        JobMember second = new JobMember(uri())) {
      Set<String> done = new HashSet<>();
      List<String> begun = new ArrayList<>();
      for (int i = 0; i < 40; i += 2) {
        String body = JobMember.body(first.jobs.get(i));
        first.begin(body);
        begun.add(body);
      }
      second.start();
      await().atMost(PATIENCE).until(() -> first.jobs.stream().anyMatch(KafkaJobsTest::isLost));
      for (String body : begun) {
        first.job(body).delivery().settle();
        assertThat(done.add(body)).isTrue();
      }
      second.awaitJobs(10);
      await().during(Duration.ofMillis(500)).atMost(PATIENCE).until(() -> second.jobs.size() == 10);
      for (Received job : first.jobs) {
        if (!begun.contains(JobMember.body(job)) && !job.delivery().lost()) {
          job.delivery().settle();
          assertThat(done.add(JobMember.body(job))).isTrue();
        }
      }
      for (Received job : second.jobs) {
        assertThat(done.add(JobMember.body(job))).as("repeated").isTrue();
      }
      assertThat(new TreeSet<>(done)).isEqualTo(all);
    }
  }

  /** Those that have begun are not asked: to ask is to begin. */
  private static boolean isLost(Received job) {
    return ((Loan) job.delivery()).redelivered();
  }

  @Test
  void aBrokerThatIsKilled_isFoundAgain() throws Exception {
    BROKER.topic(topic, 1);
    send(0, "a", "b");
    try (JobMember member = new JobMember(uri()).start().awaitJobs(2);
        CapturedLog log = CapturedLog.of("dev.caravan.queue.kafka")) {
      member.begin("b").settle();
      awaitCommitted(0, "done:1.1");
      BROKER.kill();
      member.begin("a").settle();
      try (JobMember late = new JobMember(uri().replace("groupId=g", "groupId=late")).start()) {
        await()
            .atMost(PATIENCE)
            .until(
                () -> log.lines().stream().filter(l -> l.contains("no connection")).count() >= 2);
        BROKER.start();
        send(0, "c");
        assertThat(late.awaitJobs(3).bodies()).containsExactly("a", "b", "c");
        await().atMost(PATIENCE).until(() -> member.bodies().contains("c"));
        // What could not be committed in time is repeated; what was committed is not.
        assertThat(member.bodies()).containsOnly("a", "b", "c").containsOnlyOnce("b", "c");
        member.begin("a").settle();
        awaitCommitted(2, "");
      }
      assertThat(log.lines().stream().filter(l -> l.contains("no connection"))).hasSize(2);
    }
  }

  @Test
  void aNetworkThatIsCut_losesNothing() throws Exception {
    BROKER.topic(topic, 1);
    send(0, "a", "b");
    try (JobMember member = new JobMember(uri()).start().awaitJobs(2)) {
      BROKER.network().resetEverything();
      member.begin("a").settle();
      member.begin("b").settle();
      BROKER.network().heal();
      send(0, "c");
      member.awaitJobs(3);
      member.begin("c").settle();
      awaitCommitted(3, "");
    }
  }

  @Test
  void aHostThatNobodyKnows_isNoReasonNotToStart() throws Exception {
    try (CapturedLog log = CapturedLog.of("dev.caravan.queue.kafka")) {
      try (JobMember member = new JobMember("kafka:jobs?groupId=g&brokers=nowhere.invalid:9092")) {
        member.start();
        await().atMost(PATIENCE).until(() -> !log.lines().isEmpty());
      }
      assertThat(log.lines()).hasSize(1);
      assertThat(log.lines().get(0))
          .contains("kafka:jobs at nowhere.invalid:9092", "goes on trying");
    }
  }

  @Test
  void aRecordsHeaders_areTheMessages_andNeverCamels() throws Exception {
    BROKER.topic(topic, 1);
    List<String> tricks =
        List.of(
            "CamelHttpUri",
            "camelhttpuri",
            "CAMELFILENAME",
            "kafka.OVERRIDE_TOPIC",
            "kafka.TOPIC",
            "CamelKafkaManualCommit",
            "camelkafkamanualcommit",
            "CaravanKafkaLoan",
            "JMSReplyTo",
            "jmscorrelationid",
            "org.apache.camel.x",
            "leave-out");
    try (KafkaProducer<byte[], byte[]> producer = BROKER.producer()) {
      ProducerRecord<byte[], byte[]> record =
          new ProducerRecord<>(topic, 0, 1234L, bytes("key"), bytes("body"));
      tricks.forEach(name -> record.headers().add(name, bytes("trick")));
      record.headers().add("Reply_To", bytes("answers"));
      record.headers().add("correlation-id", bytes("c-1"));
      record.headers().add("binary", new byte[] {(byte) 0xC3, 0x28});
      record.headers().add("large", new byte[9_000]);
      producer.send(record).get();
    }
    try (JobMember member = new JobMember(uri()).start().awaitJobs(1)) {
      var message = member.job("body").message();
      assertThat(message.headers())
          .containsEntry("reply-to", "answers")
          .containsEntry("camelhttpuri", "trick")
          .doesNotContainKeys("binary", "large");
      assertThat(message.replyTo()).isEqualTo("answers");
      assertThat(message.correlationId()).isEqualTo("c-1");
      assertThat(message.key()).isEqualTo("key");
      assertThat(message.timeMillis()).isEqualTo(1234);
      assertThat(message.origin()).isEqualTo(topic + "-0@0");
      assertThat(message.deliveries()).isEqualTo(1);
      assertThat(member.exchanges.get(0).values()).doesNotContain("trick", "answers");
      assertThat(member.exchanges.get(0).get(KafkaConstants.TOPIC)).isEqualTo(topic);
    }
  }

  @Test
  void aRecordWithoutAValue_andALargeOne_areMessages() throws Exception {
    BROKER.topic(topic, 1);
    byte[] large = new byte[1 << 20];
    large[large.length - 1] = 7;
    try (KafkaProducer<byte[], byte[]> producer = BROKER.producer()) {
      producer.send(new ProducerRecord<>(topic, 0, bytes("k"), null)).get();
      producer.send(new ProducerRecord<>(topic, 0, null, large)).get();
    }
    try (JobMember member = new JobMember(uri()).start().awaitJobs(2)) {
      assertThat(member.jobs.get(0).message().body().readableBytes()).isZero();
      assertThat(member.jobs.get(0).message().key()).isEqualTo("k");
      assertThat(member.jobs.get(1).message().body().readableBytes()).isEqualTo(1 << 20);
      assertThat(member.jobs.get(1).message().body().getByte((1 << 20) - 1)).isEqualTo((byte) 7);
    }
  }

  @Test
  void whatTheRouteLeavesOut_isDone_andWhatFailsComesAgain() throws Exception {
    BROKER.topic(topic, 1);
    send(0, "a", "leave out", "fail once", "b");
    try (JobMember member = new JobMember(uri()).start().awaitJobs(3)) {
      assertThat(member.bodies()).containsExactly("a", "b", "fail once");
      member.begin("a").settle();
      member.begin("b").settle();
      awaitCommitted(2, "done:1.1");
      member.begin("fail once").settle();
      awaitCommitted(4, "");
    }
  }

  @Test
  void whatLeadsToNoJobs_isCamelsOwn() throws Exception {
    BROKER.topic(topic, 1);
    List<Object> bodies = new CopyOnWriteArrayList<>();
    List<Object> headers = new CopyOnWriteArrayList<>();
    try (JobMember member = new JobMember(uri())) {
      member.camel.addRoutes(
          new RouteBuilder() {
            @Override
            public void configure() {
              from("kafka:" + topic + "?autoOffsetReset=earliest&brokers=" + BROKER.brokers())
                  .process(
                      exchange -> {
                        bodies.add(exchange.getMessage().getBody());
                        headers.add(exchange.getMessage().getHeader("kind"));
                      });
            }
          });
      member.start();
      try (var template = member.camel.createProducerTemplate()) {
        template.sendBodyAndHeader(
            "kafka:" + topic + "?brokers=" + BROKER.brokers(), "text", "kind", "stock");
      }
      member.awaitJobs(1);
      assertThat(member.bodies()).containsExactly("text");
      assertThat(member.jobs.get(0).message().headers()).containsEntry("kind", "stock");
      await().atMost(PATIENCE).until(() -> bodies.size() == 1 && headers.size() == 1);
      assertThat(bodies).containsExactly("text");
      assertThat(headers.get(0)).isEqualTo(bytes("stock"));
    }
  }

  @Test
  void theNewerProtocol_worksAsWell() throws Exception {
    BROKER.topic(topic, 1);
    send(0, "a", "b");
    String newer =
        uri().replace("groupId=g", "groupId=g&additionalProperties.group.protocol=consumer");
    try (JobMember member =
        new JobMember(newer.replace("groupId=g", "groupId=newer")).start().awaitJobs(2)) {
      assertThat(member.bodies()).containsExactly("a", "b");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "autoCommitEnable=true",
        "additionalProperties.enable.auto.commit=true",
        "breakOnFirstError=true",
        "batching=true",
        "seekTo=BEGINNING",
        "pollOnError=DISCARD",
        "isolationLevel=read_uncommitted",
        "valueDeserializer=org.apache.kafka.common.serialization.StringDeserializer"
      })
  void aParameterThatWouldLoseJobs_isRefused(String parameter) throws Exception {
    String name = parameter.substring(parameter.lastIndexOf("ties.") + 1, parameter.indexOf('='));
    try (JobMember member = new JobMember(uri() + "&" + parameter)) {
      assertThatThrownBy(member::start)
          .hasMessageContaining("kafka:" + topic + " leads to jobs and cannot have")
          .hasMessageContaining(name.substring(name.lastIndexOf('.') + 1));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "kafka:jobs?brokers=a:1, needs a groupId",
    "kafka:jobs?groupId=g, brokers \"null\" is not host:port",
    "kafka:jobs?groupId=g&brokers=a, brokers \"a\" is not host:port",
    "kafka:jobs?groupId=g&brokers=a:1&maxPollRecords=0, max.poll.records",
  })
  void whatIsMissingOrWrong_isSaidAtTheStart(String uri, String message) throws Exception {
    try (JobMember member = new JobMember(uri)) {
      assertThatThrownBy(member::start).hasMessageContaining(message);
    }
  }
}
