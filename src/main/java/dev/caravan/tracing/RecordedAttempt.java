package dev.caravan.tracing;

import dev.caravan.fleet.Lease;
import dev.caravan.outcome.Outcome;
import dev.caravan.upstream.AttemptTrace;
import io.netty.buffer.ByteBuf;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanContext;
import java.util.concurrent.TimeUnit;

/** The span of one attempt at a server. Of the call's event loop. */
final class RecordedAttempt implements AttemptTrace {
  private final Span span;
  private final long epochOffset;
  private final String state;

  /**
   * A span that has begun.
   *
   * @param epochOffset what is to be added to the ticker for nanoseconds since 1970
   * @param state what others have put into {@code tracestate}
   */
  RecordedAttempt(Span span, long epochOffset, String state) {
    this.span = span;
    this.epochOffset = epochOffset;
    this.state = state;
  }

  SpanContext context() {
    return span.getSpanContext();
  }

  @Override
  public void writeTo(ByteBuf head) {
    ContextLines.write(head, "00-" + traceId() + "-" + spanId() + "-01", state);
  }

  @Override
  public void closed(Lease lease, Outcome outcome) {
    long ttft = lease.timeToFirstByteNanos();
    long began = lease.openedNanos() + epochOffset;
    if (ttft >= 0 && lease.work().streamed()) {
      span.setAttribute(Keys.FIRST_CHUNK, ttft / 1e9);
      span.addEvent(Keys.FIRST_TOKEN, began + ttft, TimeUnit.NANOSECONDS);
    }
    if (lease.promptTokens() >= 0) {
      span.setAttribute(Keys.INPUT_TOKENS, lease.promptTokens());
    }
    if (lease.completionTokens() >= 0) {
      span.setAttribute(Keys.OUTPUT_TOKENS, lease.completionTokens());
    }
    if (lease.cachedTokens() >= 0) {
      span.setAttribute(Keys.CACHED_TOKENS, lease.cachedTokens());
    }
    int status = Ends.status(outcome);
    if (status > 0) {
      span.setAttribute(Keys.STATUS, (long) status);
    }
    Ends.tell(span, outcome, status, 400);
    span.end(began + lease.durationNanos(), TimeUnit.NANOSECONDS);
  }

  @Override
  public boolean sampled() {
    return true;
  }

  @Override
  public String traceId() {
    return context().getTraceId();
  }

  @Override
  public String spanId() {
    return context().getSpanId();
  }
}
