package dev.caravan.queue;

import dev.caravan.ingress.ClientError;
import dev.caravan.outcome.Outcome;
import dev.caravan.telemetry.JobMeters;
import dev.caravan.telemetry.JobMeters.End;
import dev.caravan.time.LogThrottle;
import dev.caravan.upstream.Trace;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.function.Supplier;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * What is sent, settled, counted and logged when jobs end. Safe for any thread; what waits is done
 * on other threads, and {@code done} is run there.
 */
final class JobEnds {
  private static final Logger LOG = Logger.getLogger(JobEnds.class);

  /** OpenAI's word for a batch line that was not run in time. */
  private static final String EXPIRED = "batch_expired";

  /** How a job's trace ends that its broker has back. */
  private static final Outcome RETURNED = new Outcome.Refused("given back to its broker");

  private final String name;
  private final JobWorks works;
  private final Supplier<JobMeters> maker;
  private final LogThrottle throttle;
  private volatile @Nullable JobMeters made;
  private volatile @Nullable Open open;
  private volatile @Nullable Sender sender;
  private volatile Repeats repeats;

  /**
   * For a queue that is closed yet.
   *
   * @param maker makes the meters when it is opened first
   */
  JobEnds(String name, JobWorks works, Supplier<JobMeters> maker) {
    this.name = name;
    this.works = works;
    this.maker = maker;
    throttle = new LogThrottle(works.ticker());
    repeats = new Repeats(null, throttle);
  }

  void open(Open with) {
    JobMeters meters = made;
    if (meters == null) {
      meters = maker.get();
      made = meters;
    }
    open = with;
    if (!repeats.in(with.answered())) {
      repeats = new Repeats(with.answered(), throttle);
    }
    if (sender == null) {
      sender =
          new Sender(works.workers(), works.scheduler(), works.chance(), works.ticker(), meters);
    }
  }

  /** What could not be sent yet goes back to its broker. */
  void stop() {
    Sender last = sender;
    if (last != null) {
      last.stop();
    }
  }

  private Open with() {
    return Objects.requireNonNull(open);
  }

  private JobMeters meters() {
    return Objects.requireNonNull(made);
  }

  /** Jobs that are over. */
  long over() {
    JobMeters meters = made;
    return meters == null ? 0 : meters.over();
  }

  private Sender sender() {
    return Objects.requireNonNull(sender);
  }

  int maxFailures() {
    return with().settings().maxFailures();
  }

  void came(QueueMessage message) {
    if (message.deliveries() > 1) {
      meters().redelivered();
    }
  }

  /** A try has failed. */
  void failed() {
    meters().failed();
  }

  /** Whether nobody has answered a job of its id, or is about to. */
  boolean isNew(Job job) {
    return repeats.begin(job.customId(), job.delivery());
  }

  /** What takes its answer piece by piece; null where nobody does, or it is not streamed. */
  @Nullable Parts parts(Job job) {
    Outlet to = with().parts();
    Parts known = job.parts;
    if (known == null && to != null && job.asked().request().stream()) {
      known = new Parts(job, to, works.workers(), throttle);
      job.parts = known;
    }
    return known;
  }

  // ---- answers

  void answered(Job job, int status, ByteBuf body, Runnable done) {
    answer(
        job,
        AnswerLine.answered(job, status, body),
        status,
        status < 400 ? End.ANSWERED : status < 500 ? End.CLIENT_ERROR : End.FAILED,
        new Outcome.Completed(status),
        done);
  }

  void gaveUp(Job job, ClientError error, Outcome outcome, Runnable done) {
    answer(
        job,
        AnswerLine.answered(job, error.status(), Unpooled.wrappedBuffer(error.json())),
        error.status(),
        End.FAILED,
        outcome,
        done);
  }

  void expired(Job job, Runnable done) {
    answer(
        job,
        AnswerLine.failed(job, EXPIRED, "The deadline passed before there was an answer."),
        0,
        End.EXPIRED,
        new Outcome.Expired("the job's deadline passed"),
        done);
  }

  private void answer(Job job, ByteBuf line, int status, End end, Outcome outcome, Runnable done) {
    Outlet answers = with().answers();
    String destination = job.replyTo();
    if (destination == null) {
      destination = answers == null ? "" : answers.destination();
    }
    Outgoing message =
        new Outgoing(
            line,
            destination,
            job.customId(),
            Map.of(
                JobHeaders.CUSTOM_ID, job.customId(), JobHeaders.STATUS, Integer.toString(status)),
            job.message().correlationId(),
            Sender.JSON);
    Runnable send =
        () ->
            sender()
                .send(
                    message,
                    answers,
                    job.delivery(),
                    true,
                    durable -> {
                      repeats.end(job.customId(), job.delivery(), durable);
                      over(
                          job, durable ? end : End.RETURNED, status, outcome, line.readableBytes());
                      done.run();
                    });
    Parts streamed = job.parts;
    if (streamed == null) {
      send.run();
    } else {
      streamed.then(send);
    }
  }

  private void over(Job job, End end, int status, Outcome outcome, long bytes) {
    long nanos = works.ticker().nanos() - job.takenNanos();
    traced(job, end == End.RETURNED ? RETURNED : outcome, status);
    if (end == End.RETURNED) {
      meters().ended(end);
      return;
    }
    meters().answered(end, nanos);
    JobAttempt last = job.attempt;
    works
        .log()
        .ended(
            name,
            job.customId(),
            last == null ? null : last.call(),
            job.requestId(),
            status,
            outcome,
            nanos,
            bytes);
  }

  private static void traced(Job job, Outcome outcome, int status) {
    Trace trace = job.trace;
    if (trace != null) {
      JobAttempt last = job.attempt;
      trace.ended(last == null ? null : last.call(), status, outcome);
    }
  }

  // ---- everything else

  /** The same job has been answered, or will be. */
  void repeated(Job job, Runnable done) {
    traced(job, new Outcome.Refused("the job of that id is answered, or will be"), 0);
    meters().ended(End.REPEATED);
    sender().end(job.delivery(), true, done);
  }

  /** Its broker is to deliver it again. */
  void returned(Job job, Runnable done) {
    // Before it goes back: it may be here again at once, and must not look like a repeat of itself.
    repeats.end(job.customId(), job.delivery(), false);
    sender()
        .end(
            job.delivery(),
            false,
            () -> {
              traced(job, RETURNED, 0);
              meters().ended(End.RETURNED);
              done.run();
            });
  }

  void dead(Job job, Poison poison, Runnable done) {
    dead(
        job.message(),
        job.delivery(),
        poison,
        () -> {
          repeats.end(job.customId(), job.delivery(), false);
          traced(job, new Outcome.Refused("a dead letter: " + poison.detail()), 0);
          done.run();
        });
  }

  /** It goes where dead letters go, as it came. */
  void dead(QueueMessage message, Delivery delivery, Poison poison, Runnable done) {
    Outlet to = with().deadLetters();
    Map<String, String> headers = new HashMap<>(message.headers());
    headers.put(JobHeaders.REASON, poison.reason().label());
    headers.put(JobHeaders.DETAIL, poison.detail());
    headers.put(JobHeaders.ORIGIN, message.origin());
    int suppressed = throttle.enter();
    if (suppressed >= 0) {
      LOG.warnf(
          "jobs:%s: message %s is a dead letter: %s%s",
          name,
          message.origin(),
          poison.detail(),
          suppressed == 0 ? "" : " (and " + suppressed + " more like it)");
    }
    sender()
        .send(
            new Outgoing(
                message.body(),
                to.destination(),
                message.key(),
                headers,
                message.correlationId(),
                null),
            to,
            delivery,
            false,
            durable -> {
              if (durable) {
                meters().deadLetter(poison.reason().label());
              }
              meters().ended(durable ? End.DEAD_LETTER : End.RETURNED);
              done.run();
            });
  }
}
