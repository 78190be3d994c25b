package dev.caravan.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.caravan.simulator.ReceivedRequest;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.sdk.trace.data.SpanData;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** What tests of traces share. */
abstract class Traced extends EndToEnd {
  static final Map<String, String> ALL =
      Map.of("caravan.tracing.enabled", "true", "caravan.tracing.sample", "1.0");

  /** A parent that is recorded. */
  static final String TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";

  static final String PARENT = "00-" + TRACE + "-00f067aa0ba902b7-01";

  /** Waits for so many spans, and for no more than these. */
  List<SpanData> spans(int count) {
    gateway().awaitIdle();
    await().atMost(LONG).until(() -> gateway().spans().size() >= count);
    List<SpanData> all = gateway().spans();
    assertThat(all).as("spans").hasSize(count).allMatch(SpanData::hasEnded);
    return all;
  }

  /** The one that is no attempt. */
  static SpanData road(List<SpanData> all) {
    List<SpanData> roads = all.stream().filter(s -> s.getKind() != SpanKind.CLIENT).toList();
    assertThat(roads).hasSize(1);
    return roads.get(0);
  }

  /** Its attempts, in the order in which they began; each is its child. */
  static List<SpanData> attempts(List<SpanData> all) {
    SpanData road = road(all);
    List<SpanData> attempts =
        all.stream()
            .filter(s -> s.getKind() == SpanKind.CLIENT)
            .sorted(Comparator.comparing(s -> number(s, "caravan.attempt")))
            .toList();
    assertThat(attempts)
        .allMatch(a -> a.getParentSpanId().equals(road.getSpanId()))
        .allMatch(a -> a.getTraceId().equals(road.getTraceId()))
        .allMatch(a -> a.getStartEpochNanos() >= road.getStartEpochNanos())
        .allMatch(a -> a.getEndEpochNanos() <= road.getEndEpochNanos());
    for (int i = 1; i < attempts.size(); i++) {
      assertThat(attempts.get(i).getLinks())
          .extracting(link -> link.getSpanContext().getSpanId())
          .containsExactly(attempts.get(i - 1).getSpanId());
    }
    return attempts;
  }

  static @Nullable String text(SpanData span, String name) {
    return span.getAttributes().get(AttributeKey.stringKey(name));
  }

  static long number(SpanData span, String name) {
    return Objects.requireNonNull(span.getAttributes().get(AttributeKey.longKey(name)), name);
  }

  static List<@Nullable String> texts(List<SpanData> spans, String name) {
    return spans.stream().map(span -> text(span, name)).toList();
  }

  /** What a server is told when a span is its parent. */
  static String parent(SpanData span) {
    return "00-" + span.getTraceId() + "-" + span.getSpanId() + "-01";
  }

  static List<String> all(ReceivedRequest request, String name) {
    return request.headers().stream()
        .filter(header -> header.getKey().equalsIgnoreCase(name))
        .map(Map.Entry::getValue)
        .toList();
  }
}
