package dev.caravan;

import dev.caravan.telemetry.Exemplars;
import dev.caravan.upstream.Spanned;
import io.prometheus.client.exemplars.DefaultExemplarSampler;
import io.prometheus.client.exemplars.ExemplarSampler;
import io.prometheus.client.exemplars.tracer.common.SpanContextSupplier;
import jakarta.annotation.Priority;
import jakarta.enterprise.inject.Alternative;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Tells the registry of metrics which trace a number belongs to, where requests are traced. */
@Singleton
class ExemplarSource {

  /** In place of the one that Quarkus has for its own traces. */
  @Produces
  @Singleton
  @Alternative
  @Priority(1)
  static Optional<ExemplarSampler> exemplars(TelemetrySettings settings) {
    return settings.tracing().enabled() ? Optional.of(sampler()) : Optional.empty();
  }

  /** Takes the span whose numbers are recorded, at most one in some seconds for each bucket. */
  static ExemplarSampler sampler() {
    return new DefaultExemplarSampler(new Current());
  }

  /** The span that {@link Exemplars} knows. */
  private static final class Current implements SpanContextSupplier {
    @Override
    public @Nullable String getTraceId() {
      Spanned span = Exemplars.current();
      return span == null ? null : span.traceId();
    }

    @Override
    public @Nullable String getSpanId() {
      Spanned span = Exemplars.current();
      return span == null ? null : span.spanId();
    }

    @Override
    public boolean isSampled() {
      return Exemplars.current() != null;
    }
  }
}
