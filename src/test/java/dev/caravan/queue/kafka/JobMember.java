package dev.caravan.queue.kafka;

import static org.awaitility.Awaitility.await;

import dev.caravan.queue.Delivery;
import dev.caravan.queue.Intake;
import dev.caravan.queue.IntakeEndpoint;
import dev.caravan.queue.QueueMessage;
import dev.caravan.queue.Received;
import dev.caravan.telemetry.KafkaMeters;
import dev.caravan.time.Ticker;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.camel.Component;
import org.apache.camel.Consumer;
import org.apache.camel.Endpoint;
import org.apache.camel.Exchange;
import org.apache.camel.Processor;
import org.apache.camel.Producer;
import org.apache.camel.builder.RouteBuilder;
import org.apache.camel.component.kafka.KafkaClientFactory;
import org.apache.camel.impl.DefaultCamelContext;
import org.apache.camel.support.DefaultComponent;
import org.apache.camel.support.DefaultEndpoint;
import org.apache.camel.support.DefaultProducer;
import org.jspecify.annotations.Nullable;

/**
 * A gateway as far as Kafka can see: Camel, a route from {@code kafka:} to an intake, and jobs that
 * the test ends.
 */
final class JobMember implements AutoCloseable, Intake {
  final DefaultCamelContext camel = new DefaultCamelContext();
  final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  final List<Received> jobs = new CopyOnWriteArrayList<>();

  /** The headers of the exchanges that came. */
  final List<Map<String, Object>> exchanges = new CopyOnWriteArrayList<>();

  private final Map<String, Received> byBody = new ConcurrentHashMap<>();
  private volatile int places = 1_000_000;

  /** A member that waits for {@link #start}. */
  JobMember(String from) throws Exception {
    this(from, null);
  }

  JobMember(String from, @Nullable KafkaClientFactory clients) throws Exception {
    KafkaJobsComponent kafka = new KafkaJobsComponent(new KafkaMeters(registry), Ticker.system());
    if (clients != null) {
      kafka.setKafkaClientFactory(clients);
    }
    camel.addComponent("kafka", kafka);
    camel.addComponent("jobs", new JobsComponent());
    camel.addRoutes(
        new RouteBuilder() {
          @Override
          public void configure() {
            AtomicBoolean failed = new AtomicBoolean();
            from(from)
                .process(
                    exchange -> {
                      if ("fail once".equals(text(exchange)) && failed.compareAndSet(false, true)) {
                        throw new IllegalStateException("as the test wants it");
                      }
                    })
                .filter(exchange -> !"leave out".equals(text(exchange)))
                .to("jobs:test");
          }
        });
  }

  private static @Nullable String text(Exchange exchange) {
    return exchange.getMessage().getBody(String.class);
  }

  JobMember start() {
    camel.start();
    return this;
  }

  /** How many jobs it takes in all, those that it has taken included. */
  JobMember places(int count) {
    places = count;
    return this;
  }

  /** Waits until so many jobs have come. */
  JobMember awaitJobs(int count) {
    await().atMost(Duration.ofSeconds(30)).until(() -> jobs.size() >= count);
    return this;
  }

  /** The job with this body, the last of several; begun as the gateway would. */
  Delivery begin(String body) {
    Delivery delivery = job(body).delivery();
    delivery.lost();
    return delivery;
  }

  Received job(String body) {
    return java.util.Objects.requireNonNull(byBody.get(body), body);
  }

  List<String> bodies() {
    return jobs.stream().map(JobMember::body).toList();
  }

  static String body(Received job) {
    return job.message().body().toString(StandardCharsets.UTF_8);
  }

  double count(String meter) {
    return registry.get("caravan.kafka." + meter).counter().count();
  }

  double gauge(String meter) {
    return registry.get("caravan.kafka." + meter).gauge().value();
  }

  @Override
  public String name() {
    return "test";
  }

  @Override
  public int room() {
    return places - jobs.size();
  }

  @Override
  public boolean awaitRoom(long millis) {
    throw new UnsupportedOperationException("a consumer of Kafka may not be kept waiting");
  }

  @Override
  public void offer(QueueMessage message, Delivery delivery) {
    Received received = new Received(message, delivery);
    byBody.put(body(received), received);
    jobs.add(received);
  }

  @Override
  public void close() {
    camel.stop();
  }

  private final class JobsComponent extends DefaultComponent {
    @Override
    protected Endpoint createEndpoint(String uri, String rest, Map<String, Object> parameters) {
      return new JobsEndpoint(uri, this);
    }
  }

  private final class JobsEndpoint extends DefaultEndpoint implements IntakeEndpoint {
    private final KafkaMessages messages = new KafkaMessages();

    JobsEndpoint(String uri, Component component) {
      super(uri, component);
    }

    @Override
    public Intake intake() {
      return JobMember.this;
    }

    @Override
    public Producer createProducer() {
      return new DefaultProducer(this) {
        @Override
        public void process(Exchange exchange) throws Exception {
          exchanges.add(Map.copyOf(exchange.getMessage().getHeaders()));
          Received received = messages.read(exchange);
          if (received == null) {
            throw new IllegalStateException("no loan");
          }
          offer(received.message(), received.delivery());
        }
      };
    }

    @Override
    public Consumer createConsumer(Processor processor) {
      throw new UnsupportedOperationException("jobs: is no beginning of a route");
    }
  }
}
