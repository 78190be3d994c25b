package dev.caravan.queue.kafka;

import dev.caravan.time.LogThrottle;
import dev.caravan.time.Ticker;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.common.Metric;
import org.apache.kafka.common.TopicPartition;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * What the operator is told of one consumer: once that it cannot work and once that it can again,
 * not at every attempt. Safe for any thread.
 */
final class Complaints {
  private static final Logger LOG = Logger.getLogger(Complaints.class);

  /**
   * So many looks in a row must find a connection: what stands in front of a broker that is down
   * may take connections all the same, each for a moment.
   */
  private static final int SURE = 3;

  /** A first connection and a broker's restart may take so long. */
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(5);

  private final String who;
  private final Ticker ticker;
  private final LogThrottle failures;
  private final LogThrottle commits;
  private final LogThrottle answers;
  private long connectedNanos;
  private int found;
  private volatile boolean away;
  private @Nullable Metric count;

  /**
   * Complaints of a consumer.
   *
   * @param who the topic and its brokers, such as {@code kafka:jobs at 10.0.0.7:9092}
   */
  Complaints(String who, Ticker ticker) {
    this.who = who;
    this.ticker = ticker;
    failures = throttle(ticker);
    commits = throttle(ticker);
    answers = throttle(ticker);
    connectedNanos = ticker.nanos();
  }

  private static LogThrottle throttle(Ticker ticker) {
    return new LogThrottle(ticker, TimeUnit.MINUTES.toNanos(1));
  }

  /** It cannot be made, or cannot poll. */
  void failed(Exception why) {
    if (failures.enter() >= 0) {
      LOG.warnf("%s: %s; goes on trying", who, reason(why));
    }
  }

  /** Offsets were not committed; they will be with the next. */
  void notCommitted(Exception why) {
    if (commits.enter() >= 0) {
      LOG.warnf("%s: offsets are not committed: %s; goes on trying", who, reason(why));
    }
  }

  /** A transaction did not come about. */
  void notAnswered(Exception why) {
    if (answers.enter() >= 0) {
      LOG.warnf("%s: a transaction with answers failed: %s", who, reason(why));
    }
  }

  /** Another producer has taken the place of this one. */
  void fenced(String transactionalId) {
    if (answers.enter() >= 0) {
      LOG.errorf(
          "%s: another producer uses transactionalId %s; each gateway needs one of its own",
          who, transactionalId);
    }
  }

  /** A partition went to another consumer while jobs of it were running. */
  void lost(TopicPartition partition, int jobs) {
    if (jobs > 0) {
      LOG.infof(
          "%s: %s went while %d of its jobs had not ended; they will be done again",
          who, partition, jobs);
    }
  }

  /** Records come. */
  void working() {
    connectedNanos = ticker.nanos();
    if (away) {
      away = false;
      LOG.infof("%s: connected", who);
    }
  }

  /** Looks whether the consumer has connections; the thread that polls calls it. */
  void connections(Consumer<?, ?> consumer) {
    Metric known = count;
    if (known == null) {
      for (Metric each : consumer.metrics().values()) {
        if (each.metricName().name().equals("connection-count")) {
          known = each;
        }
      }
      count = known;
    }
    if (known == null || !(known.metricValue() instanceof Number open)) {
      return;
    }
    found = open.doubleValue() > 0 ? found + 1 : 0;
    if (found >= SURE) {
      working();
    } else if (!away && ticker.nanos() - connectedNanos > PATIENCE_NANOS) {
      away = true;
      LOG.warnf("%s: no connection to a broker; goes on trying", who);
    }
  }

  private static String reason(Exception why) {
    Throwable cause = why.getCause();
    return cause == null || cause == why
        ? String.valueOf(why.getMessage())
        : why.getMessage() + " (" + cause.getMessage() + ")";
  }
}
