package dev.caravan.queue.kafka;

import dev.caravan.queue.Outgoing;
import java.util.function.Consumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.RetriableException;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/** A job that ends within a transaction, with its answer if it has one. One thread has it. */
final class EndingJob {
  private static final Logger LOG = Logger.getLogger(EndingJob.class);

  private final Loan loan;
  private final @Nullable Outgoing answer;
  private final Consumer<@Nullable Exception> done;
  private int attempts;

  EndingJob(Loan loan, @Nullable Outgoing answer, Consumer<@Nullable Exception> done) {
    this.loan = loan;
    this.answer = answer;
    this.done = done;
  }

  Loan loan() {
    return loan;
  }

  @Nullable Outgoing answer() {
    return answer;
  }

  /** Tells how it went, null for well. */
  void tell(@Nullable Exception failure) {
    try {
      done.accept(failure);
    } catch (RuntimeException e) {
      LOG.errorf(e, "%s: what follows its end failed", loan.origin());
    }
  }

  /** Whether another attempt may go better, by itself or without the answer that spoilt it. */
  static boolean mayPass(Exception failure) {
    return failure instanceof RetriableException || failure.getClass() == KafkaException.class;
  }

  /** How many transactions have failed by its fault or by nobody's. */
  int attempts() {
    return attempts;
  }

  void attempted() {
    attempts++;
  }

  /** It cannot end so; its loan is as before. */
  void fail(Exception why) {
    loan.unsettled();
    tell(why);
  }
}
