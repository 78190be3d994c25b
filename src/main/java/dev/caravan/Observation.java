package dev.caravan;

import dev.caravan.ingress.RequestEnd;
import dev.caravan.queue.JobEnd;
import dev.caravan.telemetry.AccessLog;
import dev.caravan.telemetry.LogFile;
import dev.caravan.telemetry.Meters;
import dev.caravan.time.Chance;
import dev.caravan.time.Ticker;
import dev.caravan.time.WallClock;
import dev.caravan.tracing.OtlpTracing;
import dev.caravan.tracing.TracingOptions;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import io.quarkus.runtime.configuration.ConfigurationException;
import java.net.URI;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What is told of requests, put together: the meters, the traces and the access log. */
final class Observation implements AutoCloseable {
  private final MeterRegistry registry;
  private final Meters meters;
  private final Ticker ticker;
  private final @Nullable LogFile log;
  private final AccessLog accessLog;
  private final @Nullable OtlpTracing tracing;

  /**
   * As the settings say.
   *
   * @param spans where spans go in place of the endpoint that is set; null for there
   */
  Observation(
      Settings settings,
      TelemetrySettings telemetry,
      MeterRegistry everyRegistry,
      Ticker ticker,
      @Nullable SpanExporter spans) {
    this.ticker = ticker;
    registry = Parts.narrowed(everyRegistry);
    meters = new Meters(registry, telemetry.metrics().genAi());
    WallClock clock = WallClock.system();
    // Not the gateway's own sequence: a choice is the same whether it is traced or not.
    tracing =
        telemetry.tracing().enabled()
            ? tracing(telemetry.tracing(), spans, ticker, clock, Chance.system())
            : null;
    LogFile file = Parts.openLog(settings.accessLog(), ticker);
    log = file;
    accessLog = new AccessLog(clock, file == null ? line -> {} : file::append);
    if (file != null) {
      meters.watch(file);
    }
    if (tracing != null) {
      measure(tracing, meters);
    }
  }

  private static OtlpTracing tracing(
      TelemetrySettings.Tracing set,
      @Nullable SpanExporter spans,
      Ticker ticker,
      WallClock clock,
      Chance chance) {
    try {
      String scheme = URI.create(set.endpoint()).getScheme();
      if (!"http".equals(scheme) && !"https".equals(scheme)) {
        throw new IllegalArgumentException(
            "endpoint: \"" + set.endpoint() + "\"; it must be an http or https URL");
      }
      TracingOptions options =
          new TracingOptions(
              set.endpoint(),
              headers(set.headers().orElse(List.of())),
              set.sample(),
              set.trustParent(),
              set.service(),
              set.queue(),
              set.timeout().toMillis());
      return spans == null
          ? OtlpTracing.to(options, ticker, clock, chance)
          : new OtlpTracing(options, spans, ticker, clock, chance);
    } catch (IllegalArgumentException e) {
      throw new ConfigurationException("caravan.tracing." + e.getMessage());
    }
  }

  private static Map<String, String> headers(List<String> lines) {
    Map<String, String> headers = new LinkedHashMap<>();
    for (String line : lines) {
      int equals = line.indexOf('=');
      if (equals < 1) {
        // What it is may be a key, which no log is to have.
        throw new IllegalArgumentException("headers: each is name=value, and one is not");
      }
      headers.put(line.substring(0, equals).strip(), line.substring(equals + 1).strip());
    }
    return headers;
  }

  private static void measure(OtlpTracing tracing, Meters meters) {
    String what = "Spans of requests that were recorded, by what became of them";
    meters.counter("caravan.traces.spans", what, Tag.of("result", "exported"), tracing::exported);
    meters.counter("caravan.traces.spans", what, Tag.of("result", "failed"), tracing::failed);
    meters.counter("caravan.traces.spans", what, Tag.of("result", "dropped"), tracing::dropped);
  }

  MeterRegistry registry() {
    return registry;
  }

  Meters meters() {
    return meters;
  }

  /** Null where nothing is traced. */
  @Nullable OtlpTracing tracing() {
    return tracing;
  }

  /** Learns how requests end. */
  RequestEnd requests() {
    return (call, id, path, status, outcome, start, bytesOut) -> {
      long duration = ticker.nanos() - start;
      meters.request(call, path, status, outcome, duration);
      accessLog.request(call, id, path, status, outcome, duration, bytesOut);
    };
  }

  /** Learns how jobs end. */
  JobEnd jobs() {
    return accessLog::job;
  }

  /** When nothing runs any more: what waits is written and sent. */
  @Override
  public void close() {
    if (tracing != null) {
      tracing.close();
    }
    if (log != null) {
      log.close();
    }
  }
}
