package dev.caravan.queue.kafka;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import org.apache.camel.Exchange;
import org.apache.camel.component.kafka.KafkaConfiguration;
import org.apache.camel.component.kafka.PollOnError;
import org.apache.camel.spi.HeaderFilterStrategy;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * What a {@code kafka:} endpoint must be set to so that no job is lost. What the route leaves open
 * is set; what the route sets otherwise is refused.
 */
final class LendingSettings {
  /** So many records are held here while there is no room for them. */
  private static final int MAX_POLL_RECORDS = 100;

  private static final String BYTES = ByteArrayDeserializer.class.getName();

  /** What a parameter may say at most: by its name in lower case, its only values. */
  private static final Map<String, Rule> RULES = new TreeMap<>();

  private record Rule(List<String> values, String reason) {}

  static {
    rule("autoCommitEnable", "offsets are committed when jobs have ended", "false");
    rule("enable.auto.commit", "offsets are committed when jobs have ended", "false");
    rule("allowManualCommit", "offsets are committed when jobs have ended", "true");
    rule("kafkaManualCommitFactory", "offsets are committed when jobs have ended");
    rule("offsetRepository", "offsets are committed to the broker, when jobs have ended");
    rule("batching", "each record is a job of its own", "false");
    rule("breakOnFirstError", "many jobs of a partition are in flight", "false");
    rule("seekTo", "it would repeat or leave out jobs at each start");
    rule("keyDeserializer", "keys come as bytes", BYTES);
    rule("key.deserializer", "keys come as bytes", BYTES);
    rule("valueDeserializer", "bodies come as bytes", BYTES);
    rule("value.deserializer", "bodies come as bytes", BYTES);
    rule("headerFilterStrategy", "a record's headers never become Camel's");
    rule("isolationLevel", "what a transaction took back is no job", "read_committed");
    rule("isolation.level", "what a transaction took back is no job", "read_committed");
    rule("pollOnError", "the consumer goes on trying", "retry");
    rule("transacted", "jobs have transactions where transactionalId is set", "false");
  }

  private LendingSettings() {}

  private static void rule(String name, String reason, String... values) {
    RULES.put(name.toLowerCase(Locale.ROOT), new Rule(List.of(values), reason));
  }

  /**
   * Sets what a consumer of jobs needs.
   *
   * @param given the endpoint's parameters as the route has them
   * @throws IllegalArgumentException where they contradict; the message is for whoever wrote the
   *     route
   */
  static void apply(KafkaConfiguration settings, Map<String, String> given) {
    String who = "kafka:" + settings.getTopic();
    given.forEach(
        (name, value) -> {
          Rule rule = RULES.get(plain(name));
          if (rule != null && rule.values.stream().noneMatch(value::equalsIgnoreCase)) {
            throw new IllegalArgumentException(
                "%s leads to jobs and cannot have %s \"%s\": %s"
                    .formatted(who, name, value, rule.reason));
          }
        });
    if (settings.getGroupId() == null) {
      throw new IllegalArgumentException(
          who + " leads to jobs and needs a groupId: without one, each start would repeat all");
    }
    if (settings.getBrokers() == null
        || !settings.getBrokers().matches("[^\\s,]+:\\d{1,5}(,\\s*[^\\s,]+:\\d{1,5})*")) {
      throw new IllegalArgumentException(
          "%s: brokers \"%s\" is not host:port, or several with commas between"
              .formatted(who, settings.getBrokers()));
    }
    settings.setAutoCommitEnable(false);
    settings.setAllowManualCommit(true);
    settings.setBreakOnFirstError(false);
    settings.setBatching(false);
    settings.setKeyDeserializer(BYTES);
    settings.setValueDeserializer(BYTES);
    settings.setIsolationLevel("read_committed");
    settings.setPollOnError(PollOnError.RETRY);
    settings.setHeaderFilterStrategy(new NoHeaders());
    // It asks the name server, and would end the start; the consumer asks again until it knows.
    settings.setPreValidateHostAndPort(false);
    if (!has(given, "autoOffsetReset", "auto.offset.reset")) {
      settings.setAutoOffsetReset("earliest");
    }
    if (!has(given, "maxPollRecords", "max.poll.records")) {
      settings.setMaxPollRecords(MAX_POLL_RECORDS);
    }
    if (!has(given, "partitionAssignor", "partition.assignment.strategy")) {
      settings.setPartitionAssignor(CooperativeStickyAssignor.class.getName());
    }
  }

  private static boolean has(Map<String, String> given, String camel, String kafka) {
    return given.keySet().stream()
        .map(LendingSettings::plain)
        .anyMatch(name -> name.equals(camel.toLowerCase(Locale.ROOT)) || name.equals(kafka));
  }

  /** A parameter's name without the prefix of those that go to Kafka as they are. */
  private static String plain(String name) {
    String lower = name.toLowerCase(Locale.ROOT);
    String prefix = "additionalproperties.";
    return lower.startsWith(prefix) ? lower.substring(prefix.length()) : lower;
  }

  /** What Kafka gets: in the newer protocol, the broker has some of the settings. */
  static Properties consumer(Properties settings) {
    Properties own = new Properties();
    own.putAll(settings);
    if ("consumer".equalsIgnoreCase(own.getProperty(ConsumerConfig.GROUP_PROTOCOL_CONFIG))) {
      own.remove(ConsumerConfig.PARTITION_ASSIGNMENT_STRATEGY_CONFIG);
      own.remove(ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG);
      own.remove(ConsumerConfig.HEARTBEAT_INTERVAL_MS_CONFIG);
    }
    return own;
  }

  /** The producer of a consumer's transactions, from the settings of the same endpoint. */
  static Properties producer(Properties settings, String transactionalId) {
    Properties own = new Properties();
    own.putAll(settings);
    own.put(ProducerConfig.TRANSACTIONAL_ID_CONFIG, transactionalId);
    own.put(ProducerConfig.ACKS_CONFIG, "all");
    own.put(ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG, "true");
    own.put(ProducerConfig.KEY_SERIALIZER_CLASS_CONFIG, ByteArraySerializer.class.getName());
    own.put(ProducerConfig.VALUE_SERIALIZER_CLASS_CONFIG, ByteArraySerializer.class.getName());
    own.put(ProducerConfig.RETRIES_CONFIG, Integer.MAX_VALUE);
    own.remove(ProducerConfig.PARTITIONER_CLASS_CONFIG);
    return own;
  }

  /** Lets no header of a record into an exchange, and none of an exchange out. */
  private static final class NoHeaders implements HeaderFilterStrategy {
    @Override
    public boolean applyFilterToCamelHeaders(String name, Object value, Exchange exchange) {
      return true;
    }

    @Override
    public boolean applyFilterToExternalHeaders(String name, Object value, Exchange exchange) {
      return true;
    }
  }
}
