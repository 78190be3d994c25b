package dev.caravan.tracing;

import dev.caravan.time.Chance;
import io.opentelemetry.api.trace.SpanId;
import io.opentelemetry.api.trace.TraceId;
import io.opentelemetry.sdk.trace.IdGenerator;

/** Ids of traces and spans, from the gateway's own source of chance. Safe for any thread. */
final class Ids implements IdGenerator {
  private final Chance chance;

  Ids(Chance chance) {
    this.chance = chance;
  }

  @Override
  public String generateTraceId() {
    // A zero is no id: the lowest bit is one.
    return TraceId.fromLongs(chance.bits(), chance.bits() | 1);
  }

  @Override
  public String generateSpanId() {
    return SpanId.fromLong(chance.bits() | 1);
  }
}
