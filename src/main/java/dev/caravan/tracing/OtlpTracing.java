package dev.caravan.tracing;

import dev.caravan.request.Api;
import dev.caravan.time.Chance;
import dev.caravan.time.Ticker;
import dev.caravan.time.WallClock;
import dev.caravan.upstream.Trace;
import dev.caravan.upstream.TraceContext;
import dev.caravan.upstream.Tracing;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanBuilder;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.TraceFlags;
import io.opentelemetry.api.trace.TraceState;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Context;
import io.opentelemetry.exporter.otlp.http.trace.OtlpHttpSpanExporter;
import io.opentelemetry.exporter.otlp.http.trace.OtlpHttpSpanExporterBuilder;
import io.opentelemetry.sdk.common.InternalTelemetryVersion;
import io.opentelemetry.sdk.metrics.SdkMeterProvider;
import io.opentelemetry.sdk.resources.Resource;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.export.BatchSpanProcessor;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import io.opentelemetry.sdk.trace.samplers.Sampler;
import java.util.concurrent.TimeUnit;

/*
 * Whether a request is recorded is decided here, before the SDK sees anything of it: what is not
 * recorded costs one small object and no more. Spans carry times of the gateway's own clock, so that
 * a span and the histograms agree to the nanosecond.
 */

/**
 * Records a share of all requests and jobs, and sends the spans by OTLP over HTTP. Spans wait in a
 * bounded queue and are sent by a thread of their own. Safe for any thread; recording never waits.
 */
public final class OtlpTracing implements Tracing, AutoCloseable {
  /** How late a span may be on its way; chosen without experiment. */
  private static final long PERIOD_MILLIS = 1_000;

  /** How many spans go together: those of a hundred requests or more. */
  private static final int BATCH = 512;

  /** How long the process waits at its end for spans to be sent. */
  private static final long CLOSE_SECONDS = 2;

  private final TracingOptions options;
  private final Ticker ticker;
  private final WallClock clock;
  private final Chance chance;
  private final Drops drops = new Drops();
  private final Exports exports;
  private final SdkMeterProvider counts;
  private final SdkTracerProvider provider;
  private final Tracer tracer;

  /** Traces that go to another exporter than OTLP's. */
  public OtlpTracing(
      TracingOptions options, SpanExporter to, Ticker ticker, WallClock clock, Chance chance) {
    this.options = options;
    this.ticker = ticker;
    this.clock = clock;
    this.chance = chance;
    exports = new Exports(to, options.endpoint(), ticker);
    counts = SdkMeterProvider.builder().registerMetricReader(drops).build();
    Ids ids = new Ids(chance);
    provider =
        SdkTracerProvider.builder()
            .setSampler(Sampler.alwaysOn())
            .setIdGenerator(ids)
            .setResource(
                Resource.getDefault().toBuilder()
                    .put(AttributeKey.stringKey("service.name"), options.service())
                    .put(AttributeKey.stringKey("service.instance.id"), ids.generateTraceId())
                    .build())
            .addSpanProcessor(
                BatchSpanProcessor.builder(exports)
                    .setMaxQueueSize(options.queue())
                    .setMaxExportBatchSize(Math.min(BATCH, options.queue()))
                    .setScheduleDelay(PERIOD_MILLIS, TimeUnit.MILLISECONDS)
                    .setExporterTimeout(options.timeoutMillis(), TimeUnit.MILLISECONDS)
                    .setMeterProvider(counts)
                    .setInternalTelemetryVersion(InternalTelemetryVersion.LATEST)
                    .build())
            .build();
    tracer = provider.get("dev.caravan");
  }

  /** Traces that go where the options say. */
  public static OtlpTracing to(
      TracingOptions options, Ticker ticker, WallClock clock, Chance chance) {
    OtlpHttpSpanExporterBuilder otlp =
        OtlpHttpSpanExporter.builder()
            .setEndpoint(options.endpoint())
            .setTimeout(options.timeoutMillis(), TimeUnit.MILLISECONDS)
            .setConnectTimeout(options.timeoutMillis(), TimeUnit.MILLISECONDS);
    options.headers().forEach(otlp::addHeader);
    return new OtlpTracing(options, otlp.build(), ticker, clock, chance);
  }

  // ---- traces begin

  @Override
  public Trace request(Api api, TraceContext said, long startNanos) {
    if (!recorded(said)) {
      return unrecorded(said);
    }
    SpanBuilder builder =
        begun(api, api.operation(), SpanKind.SERVER, said)
            .setAttribute(Keys.METHOD, "POST")
            .setAttribute(Keys.ROUTE, api.path());
    return recorded(builder, api, false, said, startNanos);
  }

  @Override
  public Trace job(Api api, String jobs, TraceContext said, long startNanos) {
    if (!recorded(said)) {
      return unrecorded(said);
    }
    SpanBuilder builder =
        begun(api, "process " + jobs, SpanKind.CONSUMER, said)
            .setAttribute(Keys.MESSAGING, "process")
            .setAttribute(Keys.JOBS, jobs);
    return recorded(builder, api, true, said, startNanos);
  }

  private boolean trusted(TraceContext said) {
    return said.known() && options.trustParent();
  }

  private boolean recorded(TraceContext said) {
    return trusted(said) ? said.sampled() : chance.unit() < options.sample();
  }

  private Trace unrecorded(TraceContext said) {
    // A zero is no id: the lowest bit is one.
    return trusted(said)
        ? UnrecordedTrace.passed(said)
        : UnrecordedTrace.begun(chance.bits(), chance.bits() | 1, chance.bits() | 1);
  }

  private SpanBuilder begun(Api api, String name, SpanKind kind, TraceContext said) {
    SpanBuilder builder =
        tracer
            .spanBuilder(name)
            .setSpanKind(kind)
            .setAttribute(Keys.OPERATION, api.operation())
            .setAttribute(Keys.PROVIDER, Keys.OPENAI);
    if (trusted(said)) {
      return builder.setParent(Context.root().with(Span.wrap(context(said))));
    }
    builder.setNoParent();
    return said.known() ? builder.addLink(context(said)) : builder;
  }

  private static SpanContext context(TraceContext said) {
    return SpanContext.createFromRemoteParent(
        said.traceId(),
        said.spanId(),
        said.sampled() ? TraceFlags.getSampled() : TraceFlags.getDefault(),
        TraceState.getDefault());
  }

  private Trace recorded(
      SpanBuilder builder, Api api, boolean job, TraceContext said, long startNanos) {
    long epochOffset = TimeUnit.MILLISECONDS.toNanos(clock.epochMillis()) - ticker.nanos();
    Span span =
        builder.setStartTimestamp(startNanos + epochOffset, TimeUnit.NANOSECONDS).startSpan();
    return new RecordedTrace(
        tracer, ticker, span, api, job, epochOffset, trusted(said) ? said.state() : "");
  }

  // ---- what becomes of spans

  /** Spans that were sent. */
  public long exported() {
    return exports.exported();
  }

  /** Spans that could not be sent. */
  public long failed() {
    return exports.failed();
  }

  /** Spans that found the queue full. */
  public long dropped() {
    return drops.count();
  }

  /** Sends what waits; waits for that, a few seconds at most. */
  public void flush() {
    provider.forceFlush().join(CLOSE_SECONDS, TimeUnit.SECONDS);
  }

  /** Sends what waits, and no more then; waits for that, a few seconds at most. */
  @Override
  public void close() {
    provider.shutdown().join(CLOSE_SECONDS, TimeUnit.SECONDS);
    counts.close();
  }
}
