package dev.caravan.queue;

import dev.caravan.admission.Admission;
import dev.caravan.ingress.HttpIngress;
import dev.caravan.telemetry.JobMeters;
import dev.caravan.tenant.Client;
import dev.caravan.time.Chance;
import dev.caravan.time.Scheduler;
import dev.caravan.time.Ticker;
import dev.caravan.time.WallClock;
import io.micrometer.core.instrument.MeterRegistry;
import io.netty.channel.EventLoopGroup;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * What all queues of jobs share. Immutable.
 *
 * @param ingress reads requests
 * @param loops carry them
 * @param workers threads that may wait: for brokers
 * @param admission says when the gateway itself has enough
 * @param log learns of every job that is over
 * @param tenants knows a tenant by its name
 */
public record JobWorks(
    HttpIngress ingress,
    EventLoopGroup loops,
    Executor workers,
    Scheduler scheduler,
    Ticker ticker,
    WallClock clock,
    Chance chance,
    Admission admission,
    MeterRegistry registry,
    JobEnd log,
    Function<String, Client> tenants) {

  private static final List<String> REASONS =
      Arrays.stream(Poison.Reason.values()).map(Poison.Reason::label).toList();

  JobMeters meters(
      String jobs,
      Supplier<Number> running,
      Supplier<Number> held,
      Supplier<Number> oldestSeconds,
      Supplier<Number> paused) {
    return new JobMeters(registry, jobs, REASONS, running, held, oldestSeconds, paused);
  }
}
