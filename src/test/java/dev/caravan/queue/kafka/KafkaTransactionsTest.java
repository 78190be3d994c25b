package dev.caravan.queue.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.caravan.queue.Delivery;
import dev.caravan.queue.Outgoing;
import dev.caravan.testing.KafkaBroker;
import io.netty.buffer.Unpooled;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.apache.camel.component.kafka.DefaultKafkaClientFactory;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Answers and offsets in one transaction, with a real broker. */
class KafkaTransactionsTest {
  @RegisterExtension private static final KafkaBroker BROKER = new KafkaBroker();

  private static final Duration PATIENCE = Duration.ofSeconds(40);

  private final LinkedBlockingQueue<Optional<Exception>> ends = new LinkedBlockingQueue<>();

  private static String uri(String topic) {
    return "kafka:%s?groupId=%s&brokers=%s&transactionalId=%s&sessionTimeoutMs=6000"
        .formatted(topic, topic, BROKER.brokers(), topic);
  }

  private static List<String> jobs(String topic, int count) throws Exception {
    BROKER.topic(topic, 1);
    BROKER.topic(topic + "-answers", 1);
    List<String> bodies = IntStream.range(0, count).mapToObj(i -> "job" + i).toList();
    try (KafkaProducer<byte[], byte[]> producer = BROKER.producer()) {
      for (String body : bodies) {
        producer.send(new ProducerRecord<>(topic, 0, null, body.getBytes(StandardCharsets.UTF_8)));
      }
      producer.flush();
    }
    return bodies;
  }

  private void answer(Delivery job, String topic, byte[] body) {
    Outgoing answer =
        new Outgoing(
            Unpooled.wrappedBuffer(body),
            topic + "-answers",
            "k",
            Map.of("custom-id", "7"),
            "c-1",
            "application/json");
    assertThat(job.settleWith(answer, failure -> ends.add(Optional.ofNullable(failure)))).isTrue();
  }

  private Optional<Exception> end() throws InterruptedException {
    Optional<Exception> end = ends.poll(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    assertThat(end).as("no end in time").isNotNull();
    return end;
  }

  private static void awaitCommitted(String topic, long offset) {
    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () -> {
              try (Admin admin = BROKER.admin()) {
                var committed =
                    admin.listConsumerGroupOffsets(topic).partitionsToOffsetAndMetadata().get();
                assertThat(committed.get(new TopicPartition(topic, 0)))
                    .isNotNull()
                    .satisfies(at -> assertThat(at.offset()).isEqualTo(offset));
              }
            });
  }

  /** What who reads only what is committed sees of the answers, when there are so many. */
  private static List<ConsumerRecord<byte[], byte[]>> answers(String topic, int count) {
    List<ConsumerRecord<byte[], byte[]>> answers = new ArrayList<>();
    try (KafkaConsumer<byte[], byte[]> reader = BROKER.reader()) {
      TopicPartition partition = new TopicPartition(topic + "-answers", 0);
      reader.assign(List.of(partition));
      await()
          .atMost(PATIENCE)
          .until(
              () -> {
                reader.poll(Duration.ofMillis(100)).forEach(answers::add);
                return answers.size() >= count && reader.currentLag(partition).orElse(1) == 0;
              });
    }
    return answers;
  }

  private static List<String> bodies(List<ConsumerRecord<byte[], byte[]>> records) {
    return records.stream().map(r -> new String(r.value(), StandardCharsets.UTF_8)).toList();
  }

  @Test
  void answersAndOffsets_areCommittedTogether() throws Exception {
    List<String> bodies = jobs("together", 20);
    try (JobMember member = new JobMember(uri("together")).start().awaitJobs(20)) {
      for (String body : bodies) {
        answer(member.begin(body), "together", body.getBytes(StandardCharsets.UTF_8));
      }
      for (int i = 0; i < 20; i++) {
        assertThat(end()).isEmpty();
      }
      awaitCommitted("together", 20);
    }
    List<ConsumerRecord<byte[], byte[]>> answers = answers("together", 20);
    assertThat(bodies(answers)).containsExactlyElementsOf(bodies);
    assertThat(KafkaMessages.headers(answers.get(0).headers()))
        .isEqualTo(
            Map.of("custom-id", "7", "correlation-id", "c-1", "content-type", "application/json"));
    assertThat(answers.get(0).key()).asString().isEqualTo("k");
  }

  @Test
  void anAnswerThatCannotBeSent_takesNoOtherAlong() throws Exception {
    jobs("large", 3);
    try (JobMember member = new JobMember(uri("large")).start().awaitJobs(3)) {
      Delivery spoilt = member.begin("job1");
      answer(spoilt, "large", new byte[1_500_000]);
      answer(member.begin("job0"), "large", new byte[] {'0'});
      member.begin("job2").settle();
      List<Optional<Exception>> two = List.of(end(), end());
      assertThat(two)
          .anySatisfy(end -> assertThat(end).containsInstanceOf(RecordTooLargeException.class))
          .anySatisfy(end -> assertThat(end).isEmpty());
      awaitCommitted("large", 1);
      answer(spoilt, "large", new byte[] {'1'});
      assertThat(end()).isEmpty();
      awaitCommitted("large", 3);
    }
    assertThat(bodies(answers("large", 2))).containsExactly("0", "1");
  }

  /** It stops where a kill hurts most: answers are sent, and nothing is committed. */
  @Test
  void aCrashBetweenSendAndCommit_leavesEachAnswerOnce() throws Exception {
    List<String> bodies = jobs("crash", 5);
    CountDownLatch sent = new CountDownLatch(1);
    CountDownLatch never = new CountDownLatch(1);
    try (JobMember second = new JobMember(uri("crash"))) {
      try (JobMember first = new JobMember(uri("crash"), new Stopping(sent, never))) {
        first.start().awaitJobs(5);
        for (String body : bodies) {
          answer(first.begin(body), "crash", body.getBytes(StandardCharsets.UTF_8));
        }
        assertThat(sent.await(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
      }
      second.start().awaitJobs(5);
      ends.clear();
      for (String body : bodies) {
        answer(second.begin(body), "crash", body.getBytes(StandardCharsets.UTF_8));
      }
      for (int i = 0; i < 5; i++) {
        assertThat(end()).isEmpty();
      }
      awaitCommitted("crash", 5);
    }
    assertThat(bodies(answers("crash", 5))).containsExactlyElementsOf(bodies);
  }

  /** Its producers send, and then hang until they are interrupted; their end aborts nothing. */
  private static final class Stopping extends DefaultKafkaClientFactory {
    private final CountDownLatch sent;
    private final CountDownLatch never;

    Stopping(CountDownLatch sent, CountDownLatch never) {
      this.sent = sent;
      this.never = never;
    }

    @Override
    public Producer<?, ?> getProducer(Properties settings) {
      Producer<?, ?> real = super.getProducer(settings);
      return (Producer<?, ?>)
          Proxy.newProxyInstance(
              Stopping.class.getClassLoader(),
              new Class<?>[] {Producer.class},
              (proxy, method, arguments) -> {
                switch (method.getName()) {
                  case "sendOffsetsToTransaction" -> {
                    sent.countDown();
                    never.await();
                  }
                  case "abortTransaction" -> throw new IllegalStateException("it is dead");
                  default -> {
                    // as it is
                  }
                }
                try {
                  return method.invoke(real, arguments);
                } catch (InvocationTargetException e) {
                  throw e.getCause();
                }
              });
    }
  }
}
