package dev.caravan.tracing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import dev.caravan.outcome.Outcome;
import dev.caravan.request.Api;
import dev.caravan.time.Chance;
import dev.caravan.upstream.AttemptTrace;
import dev.caravan.upstream.Trace;
import dev.caravan.upstream.TraceContext;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.Map;
import org.junit.jupiter.api.Test;

class OtlpTracingTest {
  private static final String PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

  /** One that takes spans and never says what became of them. */
  private static final class Silent implements SpanExporter {
    @Override
    public CompletableResultCode export(Collection<SpanData> spans) {
      return new CompletableResultCode();
    }

    @Override
    public CompletableResultCode flush() {
      return CompletableResultCode.ofSuccess();
    }

    @Override
    public CompletableResultCode shutdown() {
      return CompletableResultCode.ofSuccess();
    }
  }

  private static TracingOptions options(double sample, int queue) {
    return new TracingOptions("http://127.0.0.1:1", Map.of(), sample, true, "c", queue, 500);
  }

  private static OtlpTracing tracing(double sample, int queue) {
    return new OtlpTracing(
        options(sample, queue), new Silent(), () -> 5, () -> 1_700_000_000_000L, Chance.seeded(7));
  }

  @Test
  void queueFull_dropsAndCounts_andNobodyWaits() {
    int all = 5_000;
    try (OtlpTracing tracing = tracing(1, 16)) {
      for (int i = 0; i < all; i++) {
        tracing
            .request(Api.CHAT_COMPLETIONS, TraceContext.NONE, 5)
            .ended(null, 200, new Outcome.Completed(200));
      }
      // The queue, and the batch that is under way.
      assertThat(tracing.dropped()).isBetween(all - 32L, all - 16L);
      assertThat(tracing.exported()).isZero();
    }
  }

  @Test
  void sample_isTheShareOfRequests_whoseClientDoesNotSay() {
    try (OtlpTracing tracing = tracing(0.25, 16)) {
      int recorded = 0;
      for (int i = 0; i < 10_000; i++) {
        Trace trace = tracing.request(Api.EMBEDDINGS, TraceContext.NONE, 5);
        recorded += trace.sampled() ? 1 : 0;
        trace.ended(null, 200, new Outcome.Completed(200));
      }
      assertThat(recorded).isBetween(2_300, 2_700); // three deviations are 130
    }
  }

  @Test
  void notRecorded_costsOneSmallObject() {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    ByteBuf head = Unpooled.buffer(512);
    TraceContext said = TraceContext.of(PARENT.substring(0, 53) + "00", null);
    try (OtlpTracing tracing = tracing(0, 16)) {
      long begun = 0;
      long passed = 0;
      int times = 20_000;
      for (int round = 0; round < 2; round++) { // the first one warms up
        begun = allocated(threads, tracing, TraceContext.NONE, head, times);
        passed = allocated(threads, tracing, said, head, times);
      }
      assertThat(begun / times).isLessThanOrEqualTo(64);
      assertThat(passed / times).isLessThanOrEqualTo(64);
    }
    assertThat(head.toString(StandardCharsets.US_ASCII))
        .isEqualTo("traceparent: " + said.parent() + "\r\n");
  }

  /** What so many requests allocate, each with an attempt and the lines of its head. */
  private static long allocated(
      ThreadMXBean threads, OtlpTracing tracing, TraceContext said, ByteBuf head, int times) {
    long before = threads.getThreadAllocatedBytes(Thread.currentThread().getId());
    for (int i = 0; i < times; i++) {
      Trace trace = tracing.request(Api.CHAT_COMPLETIONS, said, 5);
      head.clear();
      ((AttemptTrace) trace).writeTo(head);
      trace.ended(null, 200, DONE);
    }
    return threads.getThreadAllocatedBytes(Thread.currentThread().getId()) - before;
  }

  private static final Outcome DONE = new Outcome.Completed(200);

  @Test
  void notRecorded_isWrittenAsOthersWriteIt() {
    ByteBuf head = Unpooled.buffer(512);
    Chance ids = Chance.seeded(3);
    for (int i = 0; i < 1_000; i++) {
      long high = ids.bits();
      long low = ids.bits();
      long span = ids.bits();
      UnrecordedTrace.begun(high, low, span).writeTo(head.clear());
      assertThat(head.toString(StandardCharsets.US_ASCII))
          .isEqualTo("traceparent: 00-%016x%016x-%016x-00\r\n", high, low, span);
    }
  }

  @Test
  void options_thatCannotBe_areRefused() {
    assertThatThrownBy(() -> options(1.5, 1)).hasMessage("sample: 1.5; it must be from 0 to 1");
    assertThatThrownBy(() -> options(Double.NaN, 1)).hasMessageStartingWith("sample");
    assertThatThrownBy(() -> options(1, 0)).hasMessageStartingWith("queue");
  }
}
