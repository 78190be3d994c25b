package dev.caravan.queue.amqp;

import static org.awaitility.Awaitility.await;

import dev.caravan.queue.Delivery;
import dev.caravan.queue.Intake;
import dev.caravan.queue.IntakeEndpoint;
import dev.caravan.queue.QueueMessage;
import dev.caravan.queue.Received;
import dev.caravan.time.Ticker;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.apache.camel.AsyncCallback;
import org.apache.camel.Endpoint;
import org.apache.camel.Exchange;
import org.apache.camel.Processor;
import org.apache.camel.Producer;
import org.apache.camel.impl.DefaultCamelContext;
import org.apache.camel.support.DefaultAsyncProducer;
import org.apache.camel.support.DefaultComponent;
import org.apache.camel.support.DefaultEndpoint;
import org.apache.camel.support.PluginHelper;
import org.apache.camel.support.ResourceHelper;

/**
 * Camel with {@code amqp:} and a {@code jobs:} of a test, which keeps what it is handed. Closing it
 * stops Camel.
 */
final class Jobs implements Intake, AutoCloseable {
  static final int MAX_BYTES = 100_000;
  static final Duration LONG = Duration.ofSeconds(30);

  final List<Received> received = new CopyOnWriteArrayList<>();
  final List<Received.Unreadable> unreadable = new CopyOnWriteArrayList<>();
  final List<Exchange> exchanges = new CopyOnWriteArrayList<>();
  final DefaultCamelContext camel = new DefaultCamelContext();
  private final AmqpMessages reader = new AmqpMessages(MAX_BYTES);
  private int room = Integer.MAX_VALUE;

  /** What becomes of a message of a transaction; called on another thread than its consumer's. */
  volatile Consumer<Exchange> work = exchange -> {};

  /** Whether jobs are done as they come. */
  volatile boolean settleAtOnce;

  private Jobs() {}

  /** Starts Camel with one broker and routes in YAML. */
  static Jobs start(String url, String routes) throws Exception {
    return start(url, routes, Integer.MAX_VALUE);
  }

  static Jobs start(String url, String routes, int room) throws Exception {
    Jobs jobs = new Jobs();
    jobs.room = room;
    jobs.camel.addComponent("amqp", new AmqpComponent(url, null, null, Ticker.system()));
    jobs.camel.addComponent("jobs", jobs.new JobsComponent());
    jobs.camel.getShutdownStrategy().setTimeout(20);
    jobs.camel.start();
    jobs.load(routes);
    return jobs;
  }

  /** Routes in YAML, or none. */
  void load(String routes) throws Exception {
    if (!routes.isEmpty()) {
      PluginHelper.getRoutesLoader(camel)
          .loadRoutes(ResourceHelper.fromString("test.yaml", routes));
    }
  }

  /** A route from one queue to the jobs. */
  static String from(String queue) {
    return """
        - route:
            id: work
            from:
              uri: "amqp:queue:%s"
              parameters: {recoveryInterval: 200}
              steps:
                - to: "jobs:test"
        """
        .formatted(queue);
  }

  /** The text of a message. */
  static String text(Received received) {
    return received.message().body().toString(StandardCharsets.UTF_8);
  }

  List<String> texts() {
    return received.stream().map(Jobs::text).toList();
  }

  /** Waits for that many, read or not. */
  List<Received> awaitReceived(int count) {
    await().atMost(LONG).until(() -> received.size() >= count);
    return new ArrayList<>(received);
  }

  /** What came of a text, last. */
  Received last(String text) {
    Received found = null;
    for (Received each : received) {
      if (text(each).equals(text)) {
        found = each;
      }
    }
    if (found == null) {
      throw new AssertionError("no message " + text);
    }
    return found;
  }

  /** Sends as a worker does that answers a job. */
  void send(String queue, byte[] body, Map<String, Object> headers) {
    camel.createProducerTemplate().sendBodyAndHeaders("amqp:queue:" + queue, body, headers);
  }

  synchronized void setRoom(int now) {
    room = now;
    notifyAll();
  }

  @Override
  public String name() {
    return "test";
  }

  @Override
  public synchronized int room() {
    return room;
  }

  @SuppressWarnings("WaitNotInLoop") // who calls this calls it again
  @Override
  public synchronized boolean awaitRoom(long millis) throws InterruptedException {
    if (room <= 0) {
      wait(millis);
    }
    return room > 0;
  }

  @Override
  public synchronized void offer(QueueMessage message, Delivery delivery) {
    room--;
    received.add(new Received(message, delivery));
    if (settleAtOnce) {
      delivery.settle();
    }
  }

  @Override
  public void close() {
    camel.stop();
  }

  private final class JobsComponent extends DefaultComponent {
    @Override
    protected Endpoint createEndpoint(
        String uri, String remaining, Map<String, Object> parameters) {
      return new JobsEndpoint(uri, this);
    }
  }

  private final class JobsEndpoint extends DefaultEndpoint implements IntakeEndpoint {
    JobsEndpoint(String uri, JobsComponent component) {
      super(uri, component);
    }

    @Override
    public Intake intake() {
      return Jobs.this;
    }

    @Override
    public Producer createProducer() {
      return new JobsProducer(this);
    }

    @Override
    public org.apache.camel.Consumer createConsumer(Processor processor) {
      throw new UnsupportedOperationException("nothing comes from jobs");
    }
  }

  private final class JobsProducer extends DefaultAsyncProducer {
    JobsProducer(JobsEndpoint endpoint) {
      super(endpoint);
    }

    @Override
    public boolean process(Exchange exchange, AsyncCallback callback) {
      exchanges.add(exchange);
      try {
        Received lent = reader.read(exchange);
        if (lent != null) {
          offer(lent.message(), lent.delivery());
        } else if (reader.readHeld(exchange) != null) {
          Thread other =
              new Thread(
                  () -> {
                    work.accept(exchange);
                    callback.done(false);
                  });
          other.start();
          return false;
        }
      } catch (Received.Unreadable e) {
        unreadable.add(e);
      }
      callback.done(true);
      return true;
    }
  }
}
