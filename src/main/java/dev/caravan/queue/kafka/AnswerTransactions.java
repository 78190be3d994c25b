package dev.caravan.queue.kafka;

import dev.caravan.queue.Outgoing;
import dev.caravan.queue.kafka.PartitionOffsets.Snapshot;
import io.netty.buffer.ByteBufUtil;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.InvalidProducerEpochException;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.TransactionAbortedException;
import org.jspecify.annotations.Nullable;

/**
 * Sends answers and commits the offsets of their jobs in one transaction, many of each together, on
 * a thread of its own. Who reads with {@code isolation.level=read_committed} sees each answer once,
 * whatever crashes. Safe for any thread.
 */
final class AnswerTransactions implements Runnable, AutoCloseable {
  /** How many jobs one transaction may have; chosen without experiment. */
  private static final int BATCH = 500;

  /** How long a transaction waits for company. */
  private static final long LINGER_MILLIS = 20;

  /** How often an answer is tried before its job is told; an end without one is tried for ever. */
  private static final int ATTEMPTS = 5;

  private static final long BACKOFF_MILLIS = 200;
  private static final long CLOSE_MILLIS = 5_000;
  private static final String ENDED = "the consumer has ended";

  private final Properties settings;
  private final Function<Properties, Producer<byte[], byte[]>> producers;
  private final Complaints complaints;
  private final BlockingQueue<EndingJob> queue = new LinkedBlockingQueue<>();
  private final Thread thread;
  private @Nullable Producer<byte[], byte[]> producer;
  private volatile @Nullable ConsumerGroupMetadata member;
  private volatile Runnable doubt = () -> {};
  private final CountDownLatch closing = new CountDownLatch(1);

  /** Whether nobody looks at the queue any more. */
  private volatile boolean over;

  /** Whether a transaction was committed is not known. */
  private static final class InDoubt extends Exception {
    private static final long serialVersionUID = 1L;

    InDoubt(KafkaException cause) {
      super(cause.getMessage(), cause);
    }
  }

  AnswerTransactions(
      Properties settings,
      Function<Properties, Producer<byte[], byte[]>> producers,
      Complaints complaints) {
    this.settings = settings;
    this.producers = producers;
    this.complaints = complaints;
    thread = new Thread(this, "caravan-" + settings.get(ProducerConfig.TRANSACTIONAL_ID_CONFIG));
    thread.setDaemon(true);
  }

  /**
   * Begins to work.
   *
   * @param doubt told when nobody knows whether a transaction was committed
   */
  void start(Runnable doubt) {
    this.doubt = doubt;
    thread.start();
  }

  /** The consumer as its group knows it now: the broker refuses offsets of an older generation. */
  void member(ConsumerGroupMetadata now) {
    member = now;
  }

  void add(Loan loan, @Nullable Outgoing answer, Consumer<@Nullable Exception> done) {
    EndingJob item = new EndingJob(loan, answer, done);
    queue.add(item);
    // Whoever was about to add when this ended would wait for ever.
    if (over && queue.remove(item)) {
      item.fail(new IllegalStateException(ENDED));
    }
  }

  @Override
  public void run() {
    List<EndingJob> batch = new ArrayList<>();
    try {
      while (closing.getCount() > 0) {
        gather(batch);
        drop(batch);
        if (!batch.isEmpty()) {
          batch = attempt(batch);
        }
      }
    } catch (InterruptedException | org.apache.kafka.common.errors.InterruptException e) {
      // close says so
    }
    over = true;
    queue.drainTo(batch);
    batch.forEach(item -> item.fail(new IllegalStateException(ENDED)));
    closeProducer();
  }

  private void gather(List<EndingJob> batch) throws InterruptedException {
    if (batch.isEmpty()) {
      batch.add(queue.take());
    }
    EndingJob next;
    while (batch.size() < BATCH
        && (next = queue.poll(LINGER_MILLIS, TimeUnit.MILLISECONDS)) != null) {
      batch.add(next);
    }
  }

  /** Those whose partition is no longer here have no place in a transaction. */
  private static void drop(List<EndingJob> batch) {
    for (EndingJob item : List.copyOf(batch)) {
      if (item.loan().lost()) {
        batch.remove(item);
        item.fail(new IllegalStateException(item.loan().origin() + " went to another consumer"));
      }
    }
  }

  /** One transaction; what is left of the batch. */
  private List<EndingJob> attempt(List<EndingJob> batch) throws InterruptedException {
    Map<LentPartition, Snapshot> offsets = offsets(batch);
    Map<EndingJob, Future<RecordMetadata>> sent = new HashMap<>();
    try {
      Producer<byte[], byte[]> open = producer();
      open.beginTransaction();
      for (EndingJob item : batch) {
        if (item.answer() != null) {
          sent.put(item, open.send(record(item.answer())));
        }
      }
      open.flush();
      ConsumerGroupMetadata now = member;
      if (now == null) {
        throw new TimeoutException("the consumer is not in its group yet");
      }
      open.sendOffsetsToTransaction(OffsetCommits.offsets(offsets), now);
      commit(open);
    } catch (InDoubt e) {
      complaints.notAnswered(e);
      closeProducer();
      doubt.run();
      batch.forEach(item -> item.loan().lose());
      batch.forEach(item -> item.tell(e));
      return new ArrayList<>();
    } catch (RuntimeException e) {
      return failed(batch, sent, offsets, e);
    }
    offsets.forEach(LentPartition::committed);
    batch.forEach(item -> item.loan().settled());
    batch.forEach(item -> item.tell(null));
    return new ArrayList<>();
  }

  private static Map<LentPartition, Snapshot> offsets(List<EndingJob> batch) {
    Map<LentPartition, List<Loan>> ending = new HashMap<>();
    for (EndingJob item : batch) {
      ending.computeIfAbsent(item.loan().partition(), p -> new ArrayList<>()).add(item.loan());
    }
    Map<LentPartition, Snapshot> offsets = new HashMap<>();
    ending.forEach(
        (partition, loans) -> {
          Snapshot snapshot = partition.with(loans);
          if (snapshot != null) {
            offsets.put(partition, snapshot);
          }
        });
    return offsets;
  }

  private static ProducerRecord<byte[], byte[]> record(Outgoing answer) {
    return OutgoingRecords.of(answer, ByteBufUtil.getBytes(answer.body()));
  }

  private static void commit(Producer<byte[], byte[]> open) throws InDoubt {
    for (int attempt = 1; ; attempt++) {
      try {
        open.commitTransaction();
        return;
      } catch (TimeoutException e) {
        if (attempt == ATTEMPTS) {
          throw new InDoubt(e);
        }
      } catch (KafkaException e) {
        throw new InDoubt(e);
      }
    }
  }

  private List<EndingJob> failed(
      List<EndingJob> batch,
      Map<EndingJob, Future<RecordMetadata>> sent,
      Map<LentPartition, Snapshot> offsets,
      RuntimeException why)
      throws InterruptedException {
    offsets.keySet().forEach(LentPartition::notCommitted);
    boolean fenced =
        why instanceof ProducerFencedException || why instanceof InvalidProducerEpochException;
    if (fenced) {
      complaints.fenced(String.valueOf(settings.get(ProducerConfig.TRANSACTIONAL_ID_CONFIG)));
    } else {
      complaints.notAnswered(why);
    }
    abort(fenced);
    Map<EndingJob, Exception> guilty = new HashMap<>();
    for (EndingJob item : batch) {
      Exception own = failure(sent.get(item));
      if (own != null && !(own instanceof TransactionAbortedException)) {
        guilty.put(item, own);
      }
    }
    List<EndingJob> left = new ArrayList<>();
    for (EndingJob item : batch) {
      Exception own = guilty.get(item);
      if (own != null || guilty.isEmpty()) {
        item.attempted(); // the others did not get their chance
      }
      if (own != null && !EndingJob.mayPass(own)) {
        item.fail(own);
      } else if (item.answer() != null && item.attempts() >= ATTEMPTS) {
        item.fail(own == null ? why : own);
      } else {
        left.add(item);
      }
    }
    if (!left.isEmpty()) {
      pause(BACKOFF_MILLIS << Math.min(left.get(0).attempts(), ATTEMPTS));
    }
    return left;
  }

  private static @Nullable Exception failure(@Nullable Future<RecordMetadata> sent)
      throws InterruptedException {
    if (sent == null || !sent.isDone()) {
      return null;
    }
    try {
      sent.get();
      return null;
    } catch (ExecutionException e) {
      return e.getCause() instanceof Exception cause ? cause : e;
    }
  }

  private void abort(boolean fenced) {
    Producer<byte[], byte[]> open = producer;
    if (open == null) {
      return;
    }
    try {
      if (!fenced) {
        open.abortTransaction();
        return;
      }
    } catch (KafkaException | IllegalStateException e) {
      // A new producer aborts it.
    }
    closeProducer();
  }

  private Producer<byte[], byte[]> producer() {
    Producer<byte[], byte[]> open = producer;
    if (open == null) {
      open = producers.apply(settings);
      try {
        open.initTransactions();
      } catch (KafkaException e) {
        open.close(Duration.ZERO);
        throw e;
      }
      producer = open;
    }
    return open;
  }

  private void closeProducer() {
    Producer<byte[], byte[]> open = producer;
    producer = null;
    if (open != null) {
      open.close(Duration.ZERO);
    }
  }

  private void pause(long millis) throws InterruptedException {
    if (closing.await(millis, TimeUnit.MILLISECONDS)) {
      throw new InterruptedException("closing");
    }
  }

  /** Ends what runs, and takes nothing more. */
  @Override
  public void close() {
    closing.countDown();
    thread.interrupt();
    try {
      thread.join(CLOSE_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
