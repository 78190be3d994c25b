package dev.caravan.queue;

import dev.caravan.ingress.Asked;
import dev.caravan.ingress.HttpIngress;
import dev.caravan.queue.Poison.Reason;
import dev.caravan.request.InvalidRequest;
import dev.caravan.request.RequestId;
import dev.caravan.time.Chance;
import dev.caravan.time.Ticker;
import dev.caravan.time.WallClock;
import dev.caravan.upstream.Tracing;
import org.jspecify.annotations.Nullable;

/** Makes jobs of messages. Immutable; safe for any thread. */
final class JobReader {
  private final String jobs;
  private final JobSettings settings;
  private final HttpIngress ingress;
  private final Ticker ticker;
  private final WallClock clock;
  private final Chance chance;

  /**
   * A reader for one {@code jobs:} endpoint.
   *
   * @param jobs its name
   * @param ingress knows what of a request's headers may pass, and which conversation it belongs to
   */
  JobReader(
      String jobs,
      JobSettings settings,
      HttpIngress ingress,
      Ticker ticker,
      WallClock clock,
      Chance chance) {
    this.jobs = jobs;
    this.settings = settings;
    this.ingress = ingress;
    this.ticker = ticker;
    this.clock = clock;
    this.chance = chance;
  }

  /** The job that a message is; a message that cannot be one is told by its {@link Poison}. */
  Job read(QueueMessage message, Delivery delivery) throws Poison {
    if (message.deliveries() > settings.maxDeliveries()) {
      throw new Poison(
          Reason.DELIVERIES,
          "it was delivered " + message.deliveries() + " times, and never got to its end");
    }
    if (message.body().readableBytes() > settings.maxBytes()) {
      throw new Poison(
          Reason.TOO_LARGE,
          "it has " + message.body().readableBytes() + " bytes of at most " + settings.maxBytes());
    }
    Envelope envelope = Envelope.read(message.body(), settings.url());
    long now = clock.epochMillis();
    Asked asked = asked(envelope, message);
    int priority = JobHeaders.priority(message);
    long deadline = JobHeaders.deadline(message, now, settings.deadlineMillis());
    String replyTo = replyTo(message);
    long taken = ticker.nanos();
    Tracing tracing = ingress.tracing();
    return new Job(
        message,
        delivery,
        customId(envelope, message),
        RequestId.of(message.headers().get("x-request-id"), chance),
        asked,
        priority,
        deadline,
        replyTo,
        taken,
        message.timeMillis() < 0 ? now : Math.min(now, message.timeMillis()),
        // Last: what is begun here is ended where the job ends, and there is one now.
        tracing == null ? null : tracing.job(envelope.api(), jobs, asked.trace(), taken));
  }

  /**
   * Where the sender gave it no name, its place in the queue is one, the same at every delivery.
   */
  private static String customId(Envelope envelope, QueueMessage message) {
    String id = envelope.customId();
    if (id == null) {
      id = message.headers().get(JobHeaders.CUSTOM_ID);
    }
    if (id == null) {
      id = message.correlationId();
    }
    return id == null ? message.origin() : id;
  }

  private Asked asked(Envelope envelope, QueueMessage message) throws Poison {
    try {
      return ingress.ask(
          envelope.api(),
          message.headers().entrySet(),
          envelope.body(),
          message.headers().get(JobHeaders.CONVERSATION),
          message.key());
    } catch (InvalidRequest fault) {
      throw Poison.of(fault);
    }
  }

  private @Nullable String replyTo(QueueMessage message) throws Poison {
    String to = JobHeaders.replyTo(message);
    if (to != null && !settings.mayReplyTo(to)) {
      throw new Poison(
          Reason.REPLY_TO,
          "its answer is wanted in a queue that replyTo of the route does not name");
    }
    return to;
  }
}
