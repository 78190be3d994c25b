package dev.caravan.telemetry;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/** Measures the consumers of jobs from Kafka, by group and topic. Safe for any thread. */
public final class KafkaMeters {
  private final MeterRegistry registry;
  private final ConcurrentHashMap<Tags, Group> groups = new ConcurrentHashMap<>();

  public KafkaMeters(MeterRegistry registry) {
    this.registry = registry;
  }

  /**
   * The meters of a group's consumers of a topic; made once for both.
   *
   * @param topic as the route has it: a name, several, or a pattern
   */
  public Group group(String group, String topic) {
    return groups.computeIfAbsent(
        Tags.of("group", group, "topic", topic), tags -> new Group(registry, tags));
  }

  /** What the consumers of one group and topic do, all those of this process together. */
  public static final class Group {
    private final AtomicLong lag = new AtomicLong();
    private final AtomicInteger paused = new AtomicInteger();
    private final AtomicInteger consumers = new AtomicInteger();
    private final Counter records;
    private final Counter repeats;
    private final Counter commits;
    private final Counter commitFailures;
    private final Counter rebalances;

    private Group(MeterRegistry registry, Tags tags) {
      records = counter(registry, tags, "records", "Records that polls brought");
      repeats =
          counter(registry, tags, "repeats.skipped", "Records that were done before, and skipped");
      commits = counter(registry, tags, "commits", "Commits of offsets");
      commitFailures = counter(registry, tags, "commit.failures", "Commits that failed");
      rebalances = counter(registry, tags, "rebalances", "How often partitions came or went");
      gauge(registry, tags, "lag", "Records from the first that is not done to the last", lag::get);
      gauge(registry, tags, "paused", "1 where every consumer waits for room", this::allPaused);
    }

    private static Counter counter(MeterRegistry registry, Tags tags, String name, String what) {
      return Counter.builder("caravan.kafka." + name)
          .description(what)
          .tags(tags)
          .register(registry);
    }

    private static void gauge(
        MeterRegistry registry,
        Tags tags,
        String name,
        String what,
        java.util.function.Supplier<Number> value) {
      Gauge.builder("caravan.kafka." + name, value).description(what).tags(tags).register(registry);
    }

    private int allPaused() {
      int all = consumers.get();
      return all > 0 && paused.get() >= all ? 1 : 0;
    }

    /** A consumer begins or ends. */
    public void consumers(int change) {
      consumers.addAndGet(change);
    }

    /** A consumer pauses or goes on. */
    public void paused(int change) {
      paused.addAndGet(change);
    }

    /** What a consumer lags behind has changed by so many records. */
    public void lag(long change) {
      lag.addAndGet(change);
    }

    public void records(int count) {
      records.increment(count);
    }

    public void repeatSkipped() {
      repeats.increment();
    }

    public void committed() {
      commits.increment();
    }

    public void commitFailed() {
      commitFailures.increment();
    }

    public void rebalanced() {
      rebalances.increment();
    }
  }
}
