package dev.caravan.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caravan.fleet.Backend;
import dev.caravan.fleet.BackendSpec;
import dev.caravan.fleet.Lease;
import dev.caravan.fleet.Work;
import dev.caravan.outcome.Outcome;
import dev.caravan.outcome.Outcome.Cause;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.net.URI;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class GenAiMetersTest {
  private static final String DURATION = "gen_ai.server.request.duration";
  private static final String FIRST = "gen_ai.server.time_to_first_token";
  private static final String EACH = "gen_ai.server.time_per_output_token";
  private static final String TOKENS = "gen_ai.client.token.usage";

  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private final AtomicLong clock = new AtomicLong();
  private final Backend backend = new Backend(BackendSpec.of("gpu-a", URI.create("https://h")));

  private void attempt(String operation, boolean streamed, long output, Outcome outcome) {
    Work work = new Work(3, 0, 10, streamed);
    Lease lease = Objects.requireNonNull(Lease.open(backend, "llama", clock::get, work));
    lease.operation(operation);
    clock.addAndGet(TimeUnit.MILLISECONDS.toNanos(200));
    lease.firstByte(true);
    clock.addAndGet(TimeUnit.MILLISECONDS.toNanos(400));
    lease.usage(3, output, -1);
    lease.close(outcome);
  }

  private static double millis(Timer timer) {
    return timer.totalTime(TimeUnit.MILLISECONDS);
  }

  @Test
  void stream_isMeasuredUnderTheNamesOfTheConventions() {
    new Meters(registry, true).watch(backend);
    attempt("chat", true, 5, new Outcome.Completed(200));
    Timer duration = registry.get(DURATION).timer();
    assertThat(millis(duration)).isEqualTo(600);
    assertThat(duration.getId().getTags())
        .containsExactlyInAnyOrder(
            Tag.of("gen_ai.operation.name", "chat"),
            Tag.of("gen_ai.provider.name", "openai"),
            Tag.of("gen_ai.request.model", "llama"),
            Tag.of("server.address", "h"),
            Tag.of("server.port", "443"),
            Tag.of("error.type", ""));
    assertThat(millis(registry.get(FIRST).timer())).isEqualTo(200);
    assertThat(millis(registry.get(EACH).timer())).isEqualTo(100);
    assertThat(registry.get(TOKENS).tag("gen_ai.token.type", "input").summary().totalAmount())
        .isEqualTo(3);
    assertThat(registry.get(TOKENS).tag("gen_ai.token.type", "output").summary().totalAmount())
        .isEqualTo(5);
    assertThat(registry.get(DURATION).timer().takeSnapshot().histogramCounts()).hasSize(14);
    assertThat(registry.get(FIRST).timer().takeSnapshot().histogramCounts()).hasSize(16);
  }

  @Test
  void answerInOnePiece_hasNoFirstToken_andAFailureItsCause() {
    new Meters(registry, true).watch(backend);
    attempt("embeddings", false, 5, new Outcome.Completed(200));
    attempt("embeddings", false, 5, new Outcome.FailedBefore(Cause.RESET, "gone"));
    attempt("embeddings", true, 5, new Outcome.Throttled(429, -1));
    attempt("chat", false, 5, new Outcome.Completed(400));
    assertThat(registry.get(FIRST).timers()).extracting(Timer::count).containsOnly(1L, 0L);
    assertThat(registry.get(EACH).timers()).extracting(Timer::count).containsOnly(0L);
    for (String error : new String[] {"", "reset", "throttled"}) {
      assertThat(
              registry
                  .get(DURATION)
                  .tags("error.type", error, "gen_ai.operation.name", "embeddings")
                  .timer()
                  .count())
          .isEqualTo(1);
    }
    assertThat(registry.get(DURATION).tag("error.type", "client_error").timer().count())
        .isEqualTo(1);
  }

  @Test
  void off_orWhereNothingIsKnownOfTheOperation_measuresNothing() {
    new Meters(registry).watch(backend);
    attempt("chat", true, 5, new Outcome.Completed(200));
    assertThat(registry.find(DURATION).timer()).isNull();
  }
}
