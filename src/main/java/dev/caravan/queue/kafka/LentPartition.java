package dev.caravan.queue.kafka;

import dev.caravan.queue.kafka.PartitionOffsets.Snapshot;
import dev.caravan.queue.kafka.PartitionOffsets.Take;
import dev.caravan.time.Ticker;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/**
 * A partition that this consumer has, and its records on loan. Safe for any thread: its lock is
 * held for a few steps only, but by who waits for the ends of jobs, which gives it up meanwhile.
 */
final class LentPartition {
  /** When a record that was handed back comes again, so that no two sides play at ball. */
  static final long AGAIN_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final TopicPartition name;
  private final Ticker ticker;
  private final Map<Long, Loan> loans = new HashMap<>();
  private final Queue<Again> again = new ArrayDeque<>();
  private PartitionOffsets offsets;
  private boolean gone;

  /** A record that was handed back, and when it may come again. */
  private record Again(Waiting waiting, long atNanos) {}

  /** A record that waits for room. */
  record Waiting(LentPartition partition, ConsumerRecord<byte[], byte[]> record, int deliveries) {}

  LentPartition(TopicPartition name, @Nullable OffsetAndMetadata committed, Ticker ticker) {
    this.name = name;
    this.ticker = ticker;
    this.offsets =
        committed == null
            ? new PartitionOffsets(PartitionOffsets.UNKNOWN, "")
            : new PartitionOffsets(committed.offset(), committed.metadata());
  }

  TopicPartition name() {
    return name;
  }

  /** Takes a record that a poll brought. */
  synchronized Take take(long offset) {
    Take taken = offsets.take(offset);
    if (taken == Take.FOREIGN) {
      // The topic was made anew, or somebody moved the group back: what is known is of the past.
      loans.values().forEach(Loan::lose);
      loans.clear();
      again.clear();
      offsets = new PartitionOffsets(offset, "");
      offsets.take(offset);
      return Take.NEW;
    }
    return taken;
  }

  synchronized Loan lend(Waiting waiting, @Nullable AnswerTransactions transactions) {
    Loan loan = new Loan(waiting.record, waiting.deliveries, this, transactions);
    if (gone) {
      loan.lose();
    } else {
      loans.put(waiting.record.offset(), loan);
    }
    return loan;
  }

  synchronized @Nullable Loan loan(long offset) {
    return loans.get(offset);
  }

  synchronized void settled(Loan loan) {
    if (loans.remove(loan.record().offset(), loan)) {
      offsets.complete(loan.record().offset());
      notifyAll();
    }
  }

  synchronized void handedBack(Loan loan) {
    if (loans.remove(loan.record().offset(), loan)) {
      Waiting waiting = new Waiting(this, loan.record(), loan.deliveries() + 1);
      again.add(new Again(waiting, ticker.nanos() + AGAIN_NANOS));
      notifyAll();
    }
  }

  /** What a transaction is to commit: all that is done, and these. */
  synchronized @Nullable Snapshot with(Collection<Loan> ending) {
    if (gone) {
      return null;
    }
    ending.forEach(loan -> offsets.complete(loan.record().offset()));
    return offsets.snapshot();
  }

  /** The transaction of a loan has been committed. */
  synchronized void ended(Loan loan) {
    loans.remove(loan.record().offset(), loan);
    notifyAll();
  }

  /** The transaction of a loan came to nothing. */
  synchronized void reopened(Loan loan) {
    if (loans.get(loan.record().offset()) == loan) {
      offsets.reopen(loan.record().offset());
    }
  }

  /** Moves what was handed back to where it waits for room, once its time has come. */
  synchronized void collect(Collection<Waiting> into) {
    Again head;
    while ((head = again.peek()) != null && ticker.nanos() - head.atNanos >= 0) {
      into.add(head.waiting);
      again.remove();
    }
  }

  /** What is to be committed, or null where there is nothing new. */
  synchronized @Nullable Snapshot due() {
    return gone || !offsets.changed() ? null : offsets.snapshot();
  }

  synchronized void committed(Snapshot snapshot) {
    offsets.committed(snapshot);
  }

  synchronized void notCommitted() {
    offsets.notCommitted();
  }

  synchronized long outstanding() {
    return offsets.outstanding();
  }

  /** How many offsets from the watermark on have been seen. */
  synchronized long span() {
    return offsets.span();
  }

  /** Where it began, or {@link PartitionOffsets#UNKNOWN}. */
  synchronized long first() {
    return offsets.first();
  }

  /** Loses every loan with which nobody has begun. */
  synchronized void loseUnlessBegun() {
    loans.values().removeIf(Loan::loseUnlessBegun);
    again.clear();
  }

  /**
   * Waits until those that had begun have ended, or it is so late.
   *
   * @return false where the thread was interrupted instead
   */
  static boolean awaitEnds(Collection<LentPartition> leaving, long untilNanos) {
    try {
      for (LentPartition partition : leaving) {
        partition.awaitEnds(untilNanos);
      }
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  private synchronized void awaitEnds(long untilNanos) throws InterruptedException {
    long left;
    while (!loans.isEmpty() && (left = untilNanos - ticker.nanos()) > 0) {
      wait(1 + TimeUnit.NANOSECONDS.toMillis(left));
    }
  }

  /** It belongs to somebody else from now on; how many loans that loses. */
  synchronized int leave() {
    gone = true;
    int lost = loans.size();
    loans.values().forEach(Loan::lose);
    loans.clear();
    again.clear();
    notifyAll();
    return lost;
  }
}
