package dev.caravan.route.jobs;

import dev.caravan.queue.Received;
import dev.caravan.route.parameter.JobsParameters;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.camel.Endpoint;
import org.apache.camel.support.DefaultComponent;

/**
 * {@code jobs:NAME}: where messages become jobs. A route from a queue sends its messages there, and
 * a route from there sends each job to its pool; the answer goes out by itself.
 */
public final class JobsComponent extends DefaultComponent {
  private final Jobs jobs;
  private final List<Received.Reader> readers;
  private final int maxBytes;

  /**
   * The component.
   *
   * @param readers know the exchanges of queues' consumers
   * @param maxBytes the largest message and answer
   */
  public JobsComponent(Jobs jobs, List<Received.Reader> readers, int maxBytes) {
    this.jobs = jobs;
    this.readers = List.copyOf(readers);
    this.maxBytes = maxBytes;
  }

  @Override
  protected Endpoint createEndpoint(String uri, String remaining, Map<String, Object> parameters) {
    Map<String, String> given = new TreeMap<>();
    parameters.forEach((name, value) -> given.put(name, String.valueOf(value)));
    parameters.clear();
    return new JobsEndpoint(
        uri,
        this,
        jobs,
        jobs.named(remaining),
        readers,
        given.isEmpty() ? null : JobsParameters.read(remaining, given, maxBytes));
  }

  @Override
  public boolean useRawUri() {
    return true; // endpoints among the parameters have their own
  }
}
