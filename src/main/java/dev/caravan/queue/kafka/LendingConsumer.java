package dev.caravan.queue.kafka;

import dev.caravan.queue.Intake;
import dev.caravan.queue.kafka.LentPartition.Waiting;
import dev.caravan.queue.kafka.PartitionOffsets.Take;
import dev.caravan.telemetry.KafkaMeters;
import dev.caravan.time.Ticker;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.WakeupException;
import org.jspecify.annotations.Nullable;

/**
 * A member of a consumer group that lends its records: it polls in short steps, so that commits,
 * pauses and resumes are never late, fetches only while there is room, and commits what is done.
 * All of it runs on the one thread that polls, but for {@link #loan} and {@link #startOver}, which
 * are safe for any.
 */
final class LendingConsumer implements ConsumerRebalanceListener {
  /**
   * How many jobs may be in flight or not known to be committed where the route does not say less.
   * With each second one of them done, their note still fits a commit: two numbers and two signs
   * each, 4,000 bytes.
   */
  static final int MAX_OUTSTANDING = 1_000;

  /** A poll for records; as long as commits may be late. */
  private static final Duration FETCH = Duration.ofMillis(50);

  /** A poll without records, to see whether there is room again; chosen without experiment. */
  private static final Duration LOOK = Duration.ofMillis(10);

  private static final Duration PATIENCE = Duration.ofSeconds(5);
  private static final long OBSERVE_NANOS = TimeUnit.SECONDS.toNanos(1);

  /** What jobs get to end when their partition goes: far less than a rebalance may take (300 s). */
  private static final long END_NANOS = TimeUnit.SECONDS.toNanos(10);

  private final Consumer<byte[], byte[]> broker;
  private final Intake intake;
  private final Ticker ticker;
  private final KafkaMeters.Group meters;
  private final Complaints complaints;
  private final int maxOutstanding;
  private final OffsetCommits commits;
  private final Lag lag;
  private final @Nullable AnswerTransactions transactions;
  private final Map<TopicPartition, LentPartition> partitions = new ConcurrentHashMap<>();

  /** Partitions whose committed offsets have not been read. */
  private final Set<TopicPartition> unread = new HashSet<>();

  private final Deque<Waiting> waiting = new ArrayDeque<>();
  private boolean suspended;
  private boolean paused;
  private long nextLookNanos;
  private volatile boolean doubtful;

  /**
   * A member that lends to an intake.
   *
   * @param maxOutstanding jobs that may be in flight or not known to be committed, and so repeats
   *     that a crash can make: 1 to {@link #MAX_OUTSTANDING}
   */
  LendingConsumer(
      Consumer<byte[], byte[]> broker,
      Intake intake,
      Ticker ticker,
      KafkaMeters.Group meters,
      Complaints complaints,
      int maxOutstanding,
      @Nullable AnswerTransactions transactions) {
    this.broker = broker;
    this.intake = intake;
    this.ticker = ticker;
    this.meters = meters;
    this.complaints = complaints;
    this.maxOutstanding = maxOutstanding;
    this.transactions = transactions;
    lag = new Lag(broker, meters);
    commits = new OffsetCommits(broker, ticker, meters, complaints);
    nextLookNanos = ticker.nanos();
    meters.consumers(1);
    if (transactions != null) {
      transactions.start(this::startOver);
    }
  }

  /** The loan of a record that the last poll brought. */
  @Nullable Loan loan(TopicPartition partition, long offset) {
    LentPartition lent = partitions.get(partition);
    return lent == null ? null : lent.loan(offset);
  }

  Consumer<byte[], byte[]> broker() {
    return broker;
  }

  /**
   * One short step; as many records as there is room for.
   *
   * @param suspended whether Camel has suspended the consumer: it goes on polling, and nothing
   *     comes
   */
  ConsumerRecords<byte[], byte[]> poll(boolean suspended) {
    this.suspended = suspended;
    try {
      settleDoubts();
      readCommitted();
      commit();
      partitions.values().forEach(partition -> partition.collect(waiting));
      int room = room();
      boolean fetch = room > 0 && waiting.isEmpty();
      pause(!fetch);
      take(broker.poll(fetch ? FETCH : room > 0 ? Duration.ZERO : LOOK));
      look();
      return lend(room());
    } catch (WakeupException | InterruptException stopping) {
      throw stopping;
    } catch (KafkaException e) {
      complaints.failed(e);
      LockSupport.parkNanos(OBSERVE_NANOS);
      return ConsumerRecords.empty();
    }
  }

  /** How many records may be lent now. */
  private int room() {
    if (suspended) {
      return 0;
    }
    long outstanding = -waiting.size();
    for (LentPartition partition : partitions.values()) {
      outstanding += partition.outstanding();
    }
    return (int) Math.min(intake.room(), maxOutstanding - outstanding);
  }

  private void pause(boolean now) {
    Set<TopicPartition> all = broker.assignment();
    Set<TopicPartition> pausing = now ? all : unread;
    Set<TopicPartition> before = broker.paused();
    if (!before.equals(pausing)) {
      Set<TopicPartition> resuming = new HashSet<>(before);
      resuming.removeAll(pausing);
      broker.resume(resuming);
      broker.pause(pausing);
    }
    if (now != paused) {
      paused = now;
      meters.paused(now ? 1 : -1);
    }
  }

  private void take(ConsumerRecords<byte[], byte[]> records) {
    if (records.isEmpty()) {
      return;
    }
    complaints.working();
    meters.records(records.count());
    for (ConsumerRecord<byte[], byte[]> record : records) {
      LentPartition partition =
          partitions.get(new TopicPartition(record.topic(), record.partition()));
      if (partition == null) {
        throw new IllegalStateException("a record of " + record.topic() + " came unasked for");
      }
      Take taken = partition.take(record.offset());
      if (taken == Take.NEW) {
        waiting.add(new Waiting(partition, record, 1));
      } else if (taken == Take.DONE) {
        meters.repeatSkipped();
      }
    }
  }

  private ConsumerRecords<byte[], byte[]> lend(int room) {
    if (room <= 0 || waiting.isEmpty()) {
      return ConsumerRecords.empty();
    }
    Map<TopicPartition, List<ConsumerRecord<byte[], byte[]>>> lent = new LinkedHashMap<>();
    for (int i = 0; i < room && !waiting.isEmpty(); i++) {
      Waiting next = waiting.remove();
      next.partition().lend(next, transactions);
      lent.computeIfAbsent(next.partition().name(), name -> new ArrayList<>()).add(next.record());
    }
    return new ConsumerRecords<>(lent, Map.of());
  }

  private void readCommitted() {
    if (unread.isEmpty()) {
      return;
    }
    Map<TopicPartition, OffsetAndMetadata> committed = broker.committed(unread, PATIENCE);
    for (TopicPartition name : Set.copyOf(unread)) {
      OffsetAndMetadata known = committed.get(name);
      if (known != null) {
        broker.seek(name, known);
      }
      partitions.put(name, new LentPartition(name, known, ticker));
      unread.remove(name);
    }
  }

  private void commit() {
    AnswerTransactions open = transactions;
    if (open != null) {
      // What is committed beside a transaction could undo what the transaction has committed.
      open.member(broker.groupMetadata());
      return;
    }
    commits.commit(partitions.values());
  }

  private void look() {
    if (ticker.nanos() - nextLookNanos < 0) {
      return;
    }
    nextLookNanos = ticker.nanos() + OBSERVE_NANOS;
    lag.look(partitions.values(), paused);
    complaints.connections(broker);
  }

  @Override
  public void onPartitionsAssigned(Collection<TopicPartition> came) {
    if (!came.isEmpty()) {
      meters.rebalanced();
      unread.addAll(came);
      // The poll that this is a part of must not bring records of theirs.
      broker.pause(came);
    }
  }

  @Override
  public void onPartitionsRevoked(Collection<TopicPartition> going) {
    AnswerTransactions open = transactions;
    if (open != null) {
      open.member(broker.groupMetadata());
    }
    List<LentPartition> leaving = known(going);
    leaving.forEach(LentPartition::loseUnlessBegun);
    if (LentPartition.awaitEnds(leaving, ticker.nanos() + END_NANOS) && open == null) {
      commits.commitNow(leaving);
    }
    leave(going, leaving);
  }

  @Override
  public void onPartitionsLost(Collection<TopicPartition> gone) {
    leave(gone, known(gone));
  }

  private List<LentPartition> known(Collection<TopicPartition> names) {
    List<LentPartition> known = new ArrayList<>();
    for (TopicPartition name : names) {
      LentPartition partition = partitions.get(name);
      if (partition != null) {
        known.add(partition);
      }
    }
    return known;
  }

  private void leave(Collection<TopicPartition> names, List<LentPartition> leaving) {
    if (!names.isEmpty()) {
      meters.rebalanced();
    }
    unread.removeAll(names);
    waiting.removeIf(each -> leaving.contains(each.partition()));
    for (LentPartition partition : leaving) {
      complaints.lost(partition.name(), partition.leave());
      partitions.remove(partition.name());
    }
  }

  /**
   * Nobody knows whether a transaction was committed: every loan is lost, and all begins where the
   * broker says.
   */
  void startOver() {
    doubtful = true;
  }

  private void settleDoubts() {
    if (!doubtful) {
      return;
    }
    List<LentPartition> all = new ArrayList<>(partitions.values());
    for (LentPartition partition : all) {
      // Where nothing was ever committed, readCommitted leaves the position as it is here.
      if (partition.first() != PartitionOffsets.UNKNOWN) {
        broker.seek(partition.name(), partition.first());
      }
    }
    leave(List.of(), all);
    all.forEach(partition -> unread.add(partition.name()));
    doubtful = false;
  }

  /** After the last poll. */
  void close() {
    leave(List.of(), new ArrayList<>(partitions.values()));
    if (transactions != null) {
      transactions.close();
    }
    lag.none();
    if (paused) {
      meters.paused(-1);
    }
    meters.consumers(-1);
  }
}
