package dev.caravan.queue;

import dev.caravan.ingress.Asked;
import dev.caravan.ingress.ClientError;
import dev.caravan.outcome.Outcome;
import dev.caravan.outcome.Outcome.Cause;
import dev.caravan.request.InferenceRequest;
import dev.caravan.tenant.Client;
import dev.caravan.time.Ticker;
import dev.caravan.upstream.Answer;
import dev.caravan.upstream.BodySink;
import dev.caravan.upstream.Call;
import dev.caravan.upstream.ClientLimits;
import dev.caravan.upstream.EventReader;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.EventLoop;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * One try at a job: down the routes, and the answer collected. Lives on its call's event loop; ends
 * exactly once.
 */
public final class JobAttempt implements BodySink {
  private static final byte[] DONE = "[DONE]".getBytes(StandardCharsets.US_ASCII);

  /** How a try ended. */
  sealed interface Result {
    /**
     * The answer, for good or ill.
     *
     * @param mendable whether another try may have a better one
     */
    record Answered(int status, ByteBuf body, boolean mendable) implements Result {}

    /** What an HTTP client would have been told, and why. */
    record Failed(ClientError error, Outcome outcome) implements Result {}

    /** The gateway gave it up. */
    record Abandoned() implements Result {}
  }

  private final Asked asked;
  private final Call call;
  private final int maxBytes;
  private final @Nullable Parts parts;
  private final BiConsumer<JobAttempt, Result> end;
  private final ByteBuf body = Unpooled.buffer();
  private long received;
  private @Nullable Answer answer;
  private @Nullable EventReader events;
  private @Nullable StreamedAnswer streamed;
  private boolean ended;

  /**
   * A try that has not begun.
   *
   * @param client whose job it is
   * @param allowedMillis how long until the answer is of no use, from 1
   * @param parts takes the answer piece by piece as well; null where nobody wants that
   * @param end told how it ended, once, on the loop
   */
  JobAttempt(
      Job job,
      EventLoop loop,
      Ticker ticker,
      Client client,
      long allowedMillis,
      int maxBytes,
      @Nullable Parts parts,
      BiConsumer<JobAttempt, Result> end) {
    this.asked = job.asked();
    this.maxBytes = maxBytes;
    this.parts = parts;
    this.end = end;
    InferenceRequest request = asked.request();
    if (client.id() != 0) {
      request = request.of(client.id());
    }
    call = new Call(request, job.requestId(), loop, asked.lines());
    call.client(client);
    call.trace(job.trace);
    call.clientRetries(job.failures);
    call.limit(new ClientLimits(allowedMillis, 0), ticker.nanos(), ticker);
  }

  /** The request on its road. */
  public Call call() {
    return call;
  }

  /** The headers that go into the routes, by lower-case name. */
  public Map<String, String> headers() {
    return asked.headers();
  }

  boolean ended() {
    return ended;
  }

  /** Gives it up, if it has not ended. */
  void abandon() {
    if (!ended) {
      call.abandon();
      finish(new Result.Abandoned(), new Outcome.ClientGone(answer != null));
    }
  }

  // ---- what the routes say

  /** A server answers. */
  public void answered(Answer from) {
    if (ended) {
      return;
    }
    answer = from;
    if (from.head().eventStream() && from.head().status() < 300) {
      events = new EventReader();
      streamed = new StreamedAnswer();
      if (parts != null) {
        parts.begin(this);
      }
    }
    from.attach(this, false);
  }

  /** The routes themselves answer. */
  public void answered(byte[] own) {
    finish(
        new Result.Answered(200, Unpooled.wrappedBuffer(own), false), new Outcome.Completed(200));
  }

  /** There is no answer. */
  public void refused(ClientError error, Outcome outcome) {
    finish(new Result.Failed(error, outcome), outcome);
  }

  // ---- the answer as it comes

  @Override
  public void bytes(ByteBuf part) {
    try {
      if (ended) {
        return;
      }
      received += part.readableBytes();
      if (received > maxBytes) {
        tooLarge();
      } else if (events != null && streamed != null) {
        events.append(part);
        read(events, streamed);
      } else {
        body.writeBytes(part);
      }
    } finally {
      part.release();
    }
  }

  private void read(EventReader from, StreamedAnswer into) {
    while (from.next()) {
      if (from.dataLength() >= 0 && !from.dataIs(DONE)) {
        String data =
            new String(from.data(), from.dataFrom(), from.dataLength(), StandardCharsets.UTF_8);
        into.add(data);
        if (parts != null) {
          parts.part(data);
        }
      }
    }
    from.discardRead();
  }

  private void tooLarge() {
    call.abandon();
    finish(
        new Result.Answered(
            502,
            Unpooled.wrappedBuffer(
                ClientError.internal("The answer is larger than " + maxBytes + " bytes.").json()),
            false),
        new Outcome.FailedAfter(Cause.GATEWAY, "the answer is too large"));
  }

  @Override
  public void flush() {
    if (parts != null && parts.full()) {
      pause(true);
    }
  }

  /** Whoever takes the parts has room again, or none. */
  void pause(boolean now) {
    Answer from = answer;
    if (from != null && !ended) {
      from.pause(now);
    }
  }

  @Override
  public void end() {
    Answer from = answer;
    int status = from == null ? 502 : from.head().status();
    StreamedAnswer whole = streamed;
    if (whole == null) {
      finish(new Result.Answered(status, body, status >= 500), new Outcome.Completed(status));
    } else if (whole.broken()) {
      broken(new Outcome.FailedAfter(Cause.BAD_RESPONSE, "the stream ended with an error"));
    } else {
      finish(new Result.Answered(status, whole.json(), false), new Outcome.Completed(status));
    }
  }

  @Override
  public void broken(Outcome how) {
    finish(new Result.Failed(ClientError.brokenOff(how), how), how);
  }

  private void finish(Result result, Outcome outcome) {
    if (!ended) {
      ended = true;
      call.end(outcome);
      end.accept(this, result);
    }
  }
}
