package dev.caravan.route.jobs;

import dev.caravan.queue.Intake;
import dev.caravan.queue.IntakeEndpoint;
import dev.caravan.queue.JobQueue;
import dev.caravan.queue.Received;
import dev.caravan.route.parameter.JobsParameters;
import java.util.List;
import java.util.Set;
import org.apache.camel.Consumer;
import org.apache.camel.MultipleConsumersSupport;
import org.apache.camel.Processor;
import org.apache.camel.Producer;
import org.apache.camel.support.DefaultEndpoint;
import org.jspecify.annotations.Nullable;

/** One queue of jobs as Camel sees it. */
final class JobsEndpoint extends DefaultEndpoint
    implements IntakeEndpoint, MultipleConsumersSupport {
  private final Jobs jobs;
  private final JobQueue queue;
  private final List<Received.Reader> readers;
  private final @Nullable JobsParameters said;

  JobsEndpoint(
      String uri,
      JobsComponent component,
      Jobs jobs,
      JobQueue queue,
      List<Received.Reader> readers,
      @Nullable JobsParameters said) {
    super(uri, component);
    this.jobs = jobs;
    this.queue = queue;
    this.readers = readers;
    this.said = said;
  }

  @Override
  public Intake intake() {
    return queue;
  }

  @Override
  public Consumer createConsumer(Processor processor) {
    if (said == null) {
      throw new IllegalArgumentException(
          "jobs:" + queue.name() + ": " + String.join("; ", JobsParameters.missing(Set.of())));
    }
    return new JobsConsumer(this, processor, jobs, queue, said);
  }

  @Override
  public Producer createProducer() {
    return new JobsProducer(this, queue, readers);
  }

  /** One at a time, and another beside it while a change of the routes is made. */
  @Override
  public boolean isMultipleConsumersSupported() {
    return true;
  }

  @Override
  public boolean isSingleton() {
    return true;
  }
}
