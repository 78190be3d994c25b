import jakarta.jms.BytesMessage;
import jakarta.jms.CompletionListener;
import jakarta.jms.Connection;
import jakarta.jms.JMSException;
import jakarta.jms.Message;
import jakarta.jms.MessageConsumer;
import jakarta.jms.MessageProducer;
import jakarta.jms.Session;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;

/**
 * What a job costs without the gateway: a plain client that answers each message with the first
 * bytes of it, and settles it when the answer is stored.
 */
public final class Echo {
  static final String CUSTOM_ID = "caravan-custom-id";
  static final String STATUS = "caravan-status";

  /** As long as the answer to a job of the benchmark, which has 1 KB of completion in it. */
  private static final int ANSWER_BYTES = 1_200;

  private static final int INDIVIDUAL_ACKNOWLEDGE = 101;

  private Echo() {}

  /** Takes the kind of broker, its address, and the queues of the jobs and of the answers. */
  public static void main(String[] args) throws Exception {
    if (args[0].equals("kafka")) {
      kafka(args[1], args[2], args[3]);
    } else {
      amqp(args[1], args[2], args[3]);
    }
  }

  private static byte[] answer(byte[] job) {
    return Arrays.copyOf(job, ANSWER_BYTES);
  }

  /** The name in a line that begins with it. */
  private static String customId(byte[] job) {
    int from = "{\"custom_id\":\"".length();
    int to = from;
    while (job[to] != '"') {
      to++;
    }
    return new String(job, from, to - from, StandardCharsets.US_ASCII);
  }

  private static void kafka(String address, String from, String to) {
    try (KafkaConsumer<byte[], byte[]> consumer =
            KafkaSide.consumer(
                Map.of(
                    "bootstrap.servers",
                    address,
                    "group.id",
                    "echo",
                    "enable.auto.commit",
                    false,
                    "auto.offset.reset",
                    "earliest"));
        KafkaProducer<byte[], byte[]> producer = KafkaSide.producer(address)) {
      consumer.subscribe(List.of(from));
      while (true) {
        ConsumerRecords<byte[], byte[]> records = consumer.poll(Duration.ofMillis(100));
        for (ConsumerRecord<byte[], byte[]> each : records) {
          byte[] id = customId(each.value()).getBytes(StandardCharsets.US_ASCII);
          ProducerRecord<byte[], byte[]> answer =
              new ProducerRecord<>(to, id, answer(each.value()));
          answer.headers().add(CUSTOM_ID, id);
          answer.headers().add(STATUS, new byte[] {'2', '0', '0'});
          producer.send(answer);
        }
        if (!records.isEmpty()) {
          producer.flush();
          consumer.commitAsync();
        }
      }
    }
  }

  private static void amqp(String address, String from, String to) throws Exception {
    Connection connection = AmqpSide.connect(address);
    Session session = connection.createSession(false, INDIVIDUAL_ACKNOWLEDGE);
    Session answers = connection.createSession();
    MessageConsumer consumer = session.createConsumer(session.createQueue(from));
    MessageProducer producer = answers.createProducer(answers.createQueue(to));
    while (true) {
      Message message = consumer.receive();
      byte[] job = message.getBody(byte[].class);
      BytesMessage answer = answers.createBytesMessage();
      answer.writeBytes(answer(job));
      answer.setStringProperty(CUSTOM_ID, customId(job));
      answer.setStringProperty(STATUS, "200");
      producer.send(answer, new Acknowledging(message));
    }
  }

  private record Acknowledging(Message message) implements CompletionListener {
    @Override
    public void onCompletion(Message stored) {
      try {
        message.acknowledge();
      } catch (JMSException e) {
        throw new IllegalStateException(e);
      }
    }

    @Override
    public void onException(Message lost, Exception failure) {
      failure.printStackTrace();
    }
  }
}
