package dev.caravan.tracing;

import dev.caravan.fleet.Lease;
import dev.caravan.outcome.Outcome;
import dev.caravan.request.Api;
import dev.caravan.time.Ticker;
import dev.caravan.upstream.AttemptTrace;
import dev.caravan.upstream.Call;
import dev.caravan.upstream.Target;
import dev.caravan.upstream.Trace;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanBuilder;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Context;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The span of a request or a job, above those of its attempts. */
final class RecordedTrace implements Trace {
  /** The most of a name that clients make up. */
  private static final int MAX_NAME = 128;

  private final Tracer tracer;
  private final Ticker ticker;
  private final Span span;
  private final Context context;
  private final Api api;
  private final boolean job;
  private final long epochOffset;
  private final String state;
  private long attempts;
  private @Nullable SpanContext last;

  /**
   * A span that has begun.
   *
   * @param job whether it is a job's, and has no status of its own
   * @param epochOffset what is to be added to the ticker for nanoseconds since 1970
   * @param state what others have put into {@code tracestate}
   */
  RecordedTrace(
      Tracer tracer,
      Ticker ticker,
      Span span,
      Api api,
      boolean job,
      long epochOffset,
      String state) {
    this.tracer = tracer;
    this.ticker = ticker;
    this.span = span;
    this.context = Context.root().with(span);
    this.api = api;
    this.job = job;
    this.epochOffset = epochOffset;
    this.state = state;
  }

  @Override
  public AttemptTrace attempt(Call call, Lease lease, Target target) {
    attempts++;
    String model = target.modelFor(call.pool());
    String purpose = lease.purpose();
    if (purpose.isEmpty() || purpose.equals("first")) {
      // Each try of a job has a road of its own, with a first attempt.
      purpose = attempts == 1 ? "first" : "retry";
    }
    SpanBuilder builder =
        tracer
            .spanBuilder(api.operation() + " " + model)
            .setSpanKind(SpanKind.CLIENT)
            .setParent(context)
            .setStartTimestamp(lease.openedNanos() + epochOffset, TimeUnit.NANOSECONDS)
            .setAttribute(Keys.OPERATION, api.operation())
            .setAttribute(Keys.PROVIDER, Keys.OPENAI)
            .setAttribute(Keys.MODEL, model)
            .setAttribute(Keys.STREAM, call.request().stream())
            .setAttribute(Keys.ADDRESS, target.host())
            .setAttribute(Keys.PORT, (long) target.port())
            .setAttribute(Keys.POOL, call.pool())
            .setAttribute(Keys.SERVER, target.name())
            .setAttribute(Keys.ATTEMPT, attempts)
            .setAttribute(Keys.PURPOSE, purpose);
    if (!lease.balancer().isEmpty()) {
      builder.setAttribute(Keys.BALANCER, lease.balancer());
    }
    String affinity = lease.affinity();
    if (affinity != null) {
      builder.setAttribute(Keys.AFFINITY, affinity);
    }
    SpanContext before = last;
    if (before != null) {
      builder.addLink(before);
    }
    RecordedAttempt attempt = new RecordedAttempt(builder.startSpan(), epochOffset, state);
    last = attempt.context();
    return attempt;
  }

  @Override
  public void ended(@Nullable Call call, int status, Outcome outcome) {
    if (call != null) {
      String model = call.request().model();
      String name = model.length() > MAX_NAME ? model.substring(0, MAX_NAME) : model;
      if (!job) {
        span.updateName(api.operation() + " " + name);
      }
      span.setAttribute(Keys.MODEL, name);
      span.setAttribute(Keys.STREAM, call.request().stream());
      span.setAttribute(Keys.REQUEST_ID, call.requestId());
      if (!call.pool().isEmpty()) {
        span.setAttribute(Keys.POOL, call.pool());
      }
      if (call.waitedNanos() > 0) {
        span.setAttribute(Keys.QUEUED_MILLIS, call.waitedNanos() / 1_000_000);
      }
      if (call.resumptions() > 0) {
        span.setAttribute(Keys.RESUMPTIONS, (long) call.resumptions());
      }
    }
    span.setAttribute(Keys.ATTEMPTS, attempts);
    if (status > 0) {
      span.setAttribute(Keys.STATUS, (long) status);
    }
    Ends.tell(span, outcome, status, job ? 400 : 500);
    span.end(ticker.nanos() + epochOffset, TimeUnit.NANOSECONDS);
  }

  @Override
  public boolean sampled() {
    return true;
  }

  @Override
  public String traceId() {
    return span.getSpanContext().getTraceId();
  }

  @Override
  public String spanId() {
    return span.getSpanContext().getSpanId();
  }
}
