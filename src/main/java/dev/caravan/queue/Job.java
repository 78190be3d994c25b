package dev.caravan.queue;

import dev.caravan.ingress.Asked;
import dev.caravan.upstream.Trace;
import org.jspecify.annotations.Nullable;

/**
 * One message that is to be answered. What was read of it never changes; how far it is belongs to
 * the event loop of its {@link JobQueue}.
 */
final class Job {
  private final QueueMessage message;
  private final Delivery delivery;
  private final String customId;
  private final String requestId;
  private final Asked asked;
  private final int priority;
  private final long deadlineMillis;
  private final @Nullable String replyTo;
  private final long takenNanos;
  private final long sentMillis;

  /** Where it is on its way. */
  enum State {
    WAITS,
    RUNS,
    /** What became of it is being sent, or told its broker. */
    ENDS
  }

  State state = State.WAITS;

  /** The order of arrival among jobs of one priority; what waits again keeps its place. */
  long sequence;

  /** How often it was sent down the routes and failed. */
  int failures;

  /** How many of these were the routes' own. */
  int routeFailures;

  /** Not before then, on the ticker's scale. */
  long dueNanos;

  /** What is recorded of it; null where nothing is traced. */
  final @Nullable Trace trace;

  /** The last try. */
  volatile @Nullable JobAttempt attempt;

  /** What takes its answer piece by piece. */
  volatile @Nullable Parts parts;

  Job(
      QueueMessage message,
      Delivery delivery,
      String customId,
      String requestId,
      Asked asked,
      int priority,
      long deadlineMillis,
      @Nullable String replyTo,
      long takenNanos,
      long sentMillis,
      @Nullable Trace trace) {
    this.message = message;
    this.delivery = delivery;
    this.customId = customId;
    this.requestId = requestId;
    this.asked = asked;
    this.priority = priority;
    this.deadlineMillis = deadlineMillis;
    this.replyTo = replyTo;
    this.takenNanos = takenNanos;
    this.sentMillis = sentMillis;
    this.trace = trace;
  }

  QueueMessage message() {
    return message;
  }

  Delivery delivery() {
    return delivery;
  }

  /** What its sender knows the answer by. */
  String customId() {
    return customId;
  }

  String requestId() {
    return requestId;
  }

  /** The request in it, and what of its headers goes with that. */
  Asked asked() {
    return asked;
  }

  int priority() {
    return priority;
  }

  /** When it is too late for an answer, in milliseconds since 1970. */
  long deadlineMillis() {
    return deadlineMillis;
  }

  /** Where its sender wants the answer; null for where all others go. */
  @Nullable String replyTo() {
    return replyTo;
  }

  /** When it came, on the ticker's scale. */
  long takenNanos() {
    return takenNanos;
  }

  /** When its message was sent, by the wall clock. */
  long sentMillis() {
    return sentMillis;
  }

  /** The name of the model that is asked, which says which jobs wait for the same servers. */
  String model() {
    return asked.request().model();
  }
}
