package dev.caravan;

import dev.caravan.ingress.EndpointsBelow;
import dev.caravan.queue.IntakeEndpoint;
import dev.caravan.queue.JobWorks;
import dev.caravan.queue.amqp.AmqpComponent;
import dev.caravan.queue.amqp.AmqpMessages;
import dev.caravan.queue.kafka.KafkaJobsComponent;
import dev.caravan.queue.kafka.KafkaMessages;
import dev.caravan.route.jobs.Jobs;
import dev.caravan.route.jobs.JobsComponent;
import dev.caravan.telemetry.KafkaMeters;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.quarkus.runtime.configuration.ConfigurationException;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.apache.camel.CamelContext;
import org.apache.camel.Route;
import org.apache.camel.component.kafka.KafkaConfiguration;
import org.jboss.logging.Logger;

/** Work from queues, put together: the jobs, and the components of their brokers. */
final class Queues {
  private static final Logger LOG = Logger.getLogger("dev.caravan");

  /** How long a consumer may take to leave its broker. */
  private static final long STOP_SECONDS = 5;

  /** Messages that can be on their way to brokers that take one at a time. */
  private static final int WORKERS = 16;

  private final Settings.Queue settings;
  private final ThreadPoolExecutor workers =
      new ThreadPoolExecutor(
          WORKERS,
          WORKERS,
          30,
          TimeUnit.SECONDS,
          new LinkedBlockingQueue<>(),
          new DefaultThreadFactory("caravan-jobs", true));
  private final JobWorks works;
  private final Jobs jobs;

  /**
   * No queue yet.
   *
   * @param works given threads that may wait for brokers, of which there are none as long as there
   *     are no jobs
   */
  Queues(Settings.Queue settings, Function<ExecutorService, JobWorks> works) {
    this.settings = settings;
    workers.allowCoreThreadTimeOut(true);
    this.works = works.apply(workers);
    jobs = new Jobs(this.works);
  }

  Jobs jobs() {
    return jobs;
  }

  /** Makes the components known to Camel; before any route is read. */
  void installIn(CamelContext camel) {
    int maxBytes = works.ingress().maxBody();
    camel.addComponent(
        "jobs",
        new JobsComponent(
            jobs, List.of(new KafkaMessages(), new AmqpMessages(maxBytes)), maxBytes));
  }

  /** Makes the brokers' components known to Camel; before it sets {@code camel.component.*}. */
  void installBrokersIn(CamelContext camel) {
    camel.addComponent("kafka", kafka());
    camel.addComponent("amqp", amqp());
  }

  private KafkaJobsComponent kafka() {
    KafkaJobsComponent kafka =
        new KafkaJobsComponent(new KafkaMeters(works.registry()), works.ticker());
    KafkaConfiguration all = kafka.getConfiguration();
    all.setBrokers(settings.kafka().brokers());
    // An answer counts as sent when every replica in sync has it.
    all.setRequestRequiredAcks("all");
    all.setEnableIdempotence(true);
    return kafka;
  }

  private AmqpComponent amqp() {
    Settings.Amqp amqp = settings.amqp();
    try {
      return new AmqpComponent(
          amqp.url(), amqp.username().orElse(null), amqp.password().orElse(null), works.ticker());
    } catch (IllegalArgumentException e) {
      throw new ConfigurationException("caravan.queue.amqp.url: " + e.getMessage());
    }
  }

  /**
   * Stops the routes that bring jobs: when these are over, and before all others, which are stopped
   * in no time. What brokers are told at the end, the last commit above all, takes a moment.
   */
  static void stopRoutes(CamelContext camel) {
    for (Route route : camel.getRoutes()) {
      if (!EndpointsBelow.of(route.navigate(), IntakeEndpoint.class).isEmpty()) {
        try {
          camel.getRouteController().stopRoute(route.getRouteId(), STOP_SECONDS, TimeUnit.SECONDS);
        } catch (Exception e) {
          LOG.warnf("Route %s did not stop: %s", route.getRouteId(), e);
        }
      }
    }
  }

  /** When all routes have stopped. */
  void stop() {
    workers.shutdown();
  }
}
