package dev.caravan.queue.kafka;

import dev.caravan.ingress.EndpointsBelow;
import dev.caravan.queue.Intake;
import dev.caravan.queue.IntakeEndpoint;
import dev.caravan.telemetry.KafkaMeters;
import dev.caravan.time.LogThrottle;
import dev.caravan.time.Ticker;
import java.util.List;
import java.util.Objects;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.camel.Exchange;
import org.apache.camel.Processor;
import org.apache.camel.component.kafka.KafkaClientFactory;
import org.apache.camel.component.kafka.KafkaConfiguration;
import org.apache.camel.component.kafka.KafkaConsumer;
import org.apache.camel.component.kafka.consumer.CommitManager;
import org.apache.camel.component.kafka.consumer.KafkaManualCommit;
import org.apache.camel.component.kafka.consumer.KafkaManualCommitFactory;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Camel's consumer, which lends its records if its route leads to jobs. It looks when it starts:
 * only then is the route known.
 */
final class KafkaJobsConsumer extends KafkaConsumer
    implements KafkaClientFactory, KafkaManualCommitFactory {
  private static final Logger LOG = Logger.getLogger(KafkaJobsConsumer.class);

  private final KafkaJobsEndpoint endpoint;
  private final Hand hand;
  private final KafkaClientFactory clients;
  private final AtomicInteger members = new AtomicInteger();
  private @Nullable Intake intake;
  private KafkaMeters.@Nullable Group meters;

  KafkaJobsConsumer(KafkaJobsEndpoint endpoint, Hand hand) {
    super(endpoint, hand);
    this.endpoint = endpoint;
    this.hand = hand;
    this.clients = endpoint.getKafkaClientFactory();
  }

  @Override
  protected void doStart() throws Exception {
    List<IntakeEndpoint> below = EndpointsBelow.of(getRoute().navigate(), IntakeEndpoint.class);
    if (!below.isEmpty()) {
      LendingSettings.apply(endpoint.getConfiguration(), endpoint.given());
      new ConsumerConfig(LendingSettings.consumer(properties()));
      endpoint.setKafkaClientFactory(this);
      endpoint.setKafkaManualCommitFactory(this);
      intake = below.get(0).intake();
      meters =
          endpoint
              .getComponent()
              .meters()
              .group(
                  endpoint.getConfiguration().getGroupId(), endpoint.getConfiguration().getTopic());
      members.set(0);
      hand.lends = true;
    }
    super.doStart();
  }

  /** The settings as Camel makes them; an error in them is found at the start. */
  private Properties properties() {
    Properties properties = endpoint.getConfiguration().createConsumerProperties();
    properties.put(
        CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG, endpoint.getConfiguration().getBrokers());
    return properties;
  }

  @Override
  public Consumer<?, ?> getConsumer(Properties settings) {
    Intake open = intake;
    if (open == null) {
      return clients.getConsumer(settings);
    }
    KafkaConfiguration configuration = endpoint.getConfiguration();
    Complaints complaints =
        new Complaints(
            "kafka:" + configuration.getTopic() + " at " + configuration.getBrokers(),
            endpoint.getComponent().ticker());
    KafkaMeters.Group measured = Objects.requireNonNull(meters, "not started");
    Properties own = LendingSettings.consumer(settings);
    return LendingProxy.of(() -> lend(own, open, measured, complaints), complaints);
  }

  @SuppressWarnings("unchecked")
  private LendingConsumer lend(
      Properties settings, Intake intake, KafkaMeters.Group meters, Complaints complaints) {
    return new LendingConsumer(
        (Consumer<byte[], byte[]>) clients.getConsumer(settings),
        intake,
        endpoint.getComponent().ticker(),
        meters,
        complaints,
        endpoint.outstanding(),
        transactions(endpoint.getConfiguration(), complaints));
  }

  private @Nullable AnswerTransactions transactions(
      KafkaConfiguration configuration, Complaints complaints) {
    String id = configuration.getTransactionalId();
    if (id == null) {
      return null;
    }
    Properties settings = configuration.createProducerProperties();
    settings.put(ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, configuration.getBrokers());
    int member = members.getAndIncrement() % configuration.getConsumersCount();
    return new AnswerTransactions(
        LendingSettings.producer(settings, member == 0 ? id : id + "-" + member),
        this::producer,
        complaints);
  }

  @SuppressWarnings("unchecked")
  private Producer<byte[], byte[]> producer(Properties settings) {
    return (Producer<byte[], byte[]>) clients.getProducer(settings);
  }

  @Override
  public Producer<?, ?> getProducer(Properties settings) {
    return clients.getProducer(settings);
  }

  @Override
  public String getBrokers(KafkaConfiguration configuration) {
    return clients.getBrokers(configuration);
  }

  /** Puts the loan of a record into its exchange. */
  @Override
  public KafkaManualCommit newInstance(
      CamelExchangePayload from, KafkaRecordPayload record, CommitManager commits) {
    LendingConsumer lending = LendingProxy.lending(from.consumer);
    Loan loan = lending == null ? null : lending.loan(record.partition, record.recordOffset);
    if (loan != null) {
      from.exchange.setProperty(KafkaMessages.LOAN, loan);
    }
    return () -> {
      if (loan != null) {
        loan.settle();
      }
    };
  }

  /** Hands a record to the route, and sees to those that the route has made no jobs of. */
  static final class Hand implements Processor {
    private final Processor route;
    private final LogThrottle failures;
    private volatile boolean lends;

    Hand(Processor route, Ticker ticker) {
      this.route = route;
      failures = new LogThrottle(ticker);
    }

    @Override
    public void process(Exchange exchange) throws Exception {
      if (!lends) {
        route.process(exchange);
        return;
      }
      Loan loan = exchange.getProperty(KafkaMessages.LOAN, Loan.class);
      if (loan == null) {
        return; // its partition has gone already
      }
      Exception failure;
      try {
        route.process(exchange);
        failure = exchange.getException();
      } catch (Exception e) {
        failure = e;
      }
      if (failure != null) {
        exchange.setException(null);
        if (failures.enter() >= 0) {
          LOG.errorf(failure, "%s: its route failed", loan.origin());
        }
      }
      if (loan.isRead()) {
        return; // the job sees to it
      }
      if (failure == null) {
        loan.settle(); // the route has left it out
      } else {
        loan.handBack();
      }
    }
  }
}
