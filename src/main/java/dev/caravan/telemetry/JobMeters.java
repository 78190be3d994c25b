package dev.caravan.telemetry;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** What is measured of the jobs of one {@code jobs:} endpoint. Safe for any thread. */
public final class JobMeters {
  private static final Duration[] BUCKETS = {
    Duration.ofMillis(100),
    Duration.ofSeconds(1),
    Duration.ofSeconds(10),
    Duration.ofMinutes(1),
    Duration.ofMinutes(10),
    Duration.ofHours(1),
    Duration.ofHours(6),
    Duration.ofHours(24)
  };

  /** How a job ended. */
  public enum End {
    /** A model server's answer was sent on. */
    ANSWERED,
    /** A model server found the request at fault, and its answer was sent on. */
    CLIENT_ERROR,
    /** It failed as often as it may, and the error was sent on. */
    FAILED,
    /** Its deadline passed, and that was sent on. */
    EXPIRED,
    /** It is a dead letter. */
    DEAD_LETTER,
    /** A job of the same id has been answered, or is being answered. */
    REPEATED,
    /** The broker was given it back, or has taken it back. */
    RETURNED
  }

  private final Map<End, Counter> ends = new EnumMap<>(End.class);
  private final Map<String, Counter> deadLetters = new HashMap<>();
  private final Timer duration;
  private final Counter failures;
  private final Counter redelivered;
  private final Counter unsent;

  /**
   * Meters of one endpoint.
   *
   * @param reasons the fixed set of reasons for dead letters
   * @param running jobs that are at a model server now
   * @param held jobs that were taken and are not over
   * @param oldestSeconds how long ago the oldest of these was sent; 0 where there is none
   * @param paused 1 where no more are taken for now
   */
  public JobMeters(
      MeterRegistry registry,
      String jobs,
      List<String> reasons,
      Supplier<Number> running,
      Supplier<Number> held,
      Supplier<Number> oldestSeconds,
      Supplier<Number> paused) {
    for (End end : End.values()) {
      ends.put(
          end,
          Counter.builder("caravan.jobs")
              .description("Jobs from queues, by how they ended")
              .tag("jobs", jobs)
              .tag("outcome", end.name().toLowerCase(Locale.ROOT))
              .register(registry));
    }
    for (String reason : reasons) {
      deadLetters.put(
          reason,
          Counter.builder("caravan.jobs.dead.letters")
              .description("Messages that can never be answered, by reason")
              .tag("jobs", jobs)
              .tag("reason", reason)
              .register(registry));
    }
    duration =
        Timer.builder("caravan.jobs.duration")
            .description("From when a job was taken to when its answer was durable")
            .tag("jobs", jobs)
            .serviceLevelObjectives(BUCKETS)
            .register(registry);
    failures = counter(registry, jobs, "caravan.jobs.failures", "Failed tries at jobs");
    redelivered =
        counter(
            registry, jobs, "caravan.jobs.redelivered", "Jobs that their broker delivered again");
    unsent =
        counter(
            registry,
            jobs,
            "caravan.jobs.send.failures",
            "Failed tries to send an answer or a dead letter");
    gauge(registry, jobs, "caravan.jobs.running", "Jobs that are at a model server now", running);
    gauge(registry, jobs, "caravan.jobs.held", "Jobs that were taken and are not over", held);
    gauge(
        registry,
        jobs,
        "caravan.jobs.oldest",
        "Seconds since the oldest job that is not over was sent",
        oldestSeconds);
    gauge(registry, jobs, "caravan.jobs.paused", "1 where no more jobs are taken for now", paused);
  }

  private static Counter counter(
      MeterRegistry registry, String jobs, String name, String description) {
    return Counter.builder(name).description(description).tag("jobs", jobs).register(registry);
  }

  private static void gauge(
      MeterRegistry registry,
      String jobs,
      String name,
      String description,
      Supplier<Number> number) {
    Gauge.builder(name, number).description(description).tag("jobs", jobs).register(registry);
  }

  /** A job is over, and its answer was sent. */
  public void answered(End how, long nanos) {
    ended(how);
    duration.record(nanos, TimeUnit.NANOSECONDS);
  }

  /** A job is over in another way. */
  public void ended(End how) {
    Counter counter = ends.get(how);
    if (counter != null) {
      counter.increment();
    }
  }

  /** Jobs that are over, however they ended. */
  public long over() {
    double sum = 0;
    for (Counter each : ends.values()) {
      sum += each.count();
    }
    return (long) sum;
  }

  /** A dead letter was sent, for one of the fixed reasons. */
  public void deadLetter(String reason) {
    Counter counter = deadLetters.get(reason);
    if (counter != null) {
      counter.increment();
    }
  }

  /** A try at a job has failed. */
  public void failed() {
    failures.increment();
  }

  /** A job came that had been delivered before. */
  public void redelivered() {
    redelivered.increment();
  }

  /** Something could not be sent yet. */
  public void unsent() {
    unsent.increment();
  }
}
