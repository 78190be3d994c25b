package dev.caravan.queue.kafka;

import dev.caravan.queue.Delivery;
import dev.caravan.queue.Outgoing;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/**
 * One record on loan. Who asks whether it is {@link #lost} and hears no may begin, and is waited
 * for when the partition goes to another consumer; who has not asked by then hears yes. Safe for
 * any thread.
 */
final class Loan implements Delivery {

  /** Where the record is in its life. */
  private enum State {
    LENT,
    BEGUN,
    /** Its answer and its offset are on their way, in one transaction. */
    SETTLING,
    ENDED,
    LOST
  }

  private final ConsumerRecord<byte[], byte[]> record;
  private final int deliveries;
  private final LentPartition partition;
  private final @Nullable AnswerTransactions transactions;
  private final AtomicReference<State> state = new AtomicReference<>(State.LENT);
  private volatile boolean read;

  Loan(
      ConsumerRecord<byte[], byte[]> record,
      int deliveries,
      LentPartition partition,
      @Nullable AnswerTransactions transactions) {
    this.record = record;
    this.deliveries = deliveries;
    this.partition = partition;
    this.transactions = transactions;
  }

  ConsumerRecord<byte[], byte[]> record() {
    return record;
  }

  int deliveries() {
    return deliveries;
  }

  LentPartition partition() {
    return partition;
  }

  /** The route has made a job of it. */
  void read() {
    read = true;
  }

  /** Whether the route has made a job of it, which will end it. */
  boolean isRead() {
    return read;
  }

  @Override
  public void settle() {
    AnswerTransactions open = transactions;
    if (open != null) {
      if (move(State.SETTLING)) {
        open.add(this, null, failure -> {});
      }
    } else if (move(State.ENDED)) {
      partition.settled(this);
    }
  }

  @Override
  public void handBack() {
    if (move(State.ENDED)) {
      partition.handedBack(this);
    }
  }

  @Override
  public boolean settleWith(Outgoing message, Consumer<@Nullable Exception> done) {
    AnswerTransactions open = transactions;
    if (open == null) {
      return false;
    }
    if (move(State.SETTLING)) {
      open.add(this, message, done);
    } else {
      done.accept(new IllegalStateException(origin() + " is no longer on loan"));
    }
    return true;
  }

  /** Its transaction was committed. */
  void settled() {
    if (state.compareAndSet(State.SETTLING, State.ENDED)) {
      partition.ended(this);
    }
  }

  /** Its transaction did not come about: it is as it was before. */
  void unsettled() {
    if (state.compareAndSet(State.SETTLING, State.BEGUN)) {
      partition.reopened(this);
    }
  }

  @Override
  public boolean lost() {
    State now = state.updateAndGet(before -> before == State.LENT ? State.BEGUN : before);
    return now == State.LOST || now == State.ENDED;
  }

  @Override
  public boolean consumerMayWait() {
    return false;
  }

  @Override
  public boolean redelivered() {
    return state.get() == State.LOST;
  }

  /** Loses it if nobody has begun. */
  boolean loseUnlessBegun() {
    return state.compareAndSet(State.LENT, State.LOST);
  }

  /** Loses it, whatever has become of it. */
  void lose() {
    state.updateAndGet(before -> before == State.ENDED ? before : State.LOST);
  }

  /** Where the record is, for the operator. */
  String origin() {
    return record.topic() + "-" + record.partition() + "@" + record.offset();
  }

  private boolean move(State to) {
    while (true) {
      State now = state.get();
      if (now != State.LENT && now != State.BEGUN) {
        return false;
      }
      if (state.compareAndSet(now, to)) {
        return true;
      }
    }
  }
}
