package dev.caravan.telemetry;

import dev.caravan.fleet.Backend;
import dev.caravan.fleet.Lease;
import dev.caravan.outcome.Outcome;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/*
 * Names, units, attributes and buckets are those of OpenTelemetry's semantic conventions for
 * generative AI, which are in development:
 * https://github.com/open-telemetry/semantic-conventions-genai, docs/gen-ai/gen-ai-metrics.md.
 */

/**
 * What is measured of one operation of one pool at one model server, under the names that
 * OpenTelemetry gives it. Safe for any thread.
 */
final class GenAiMeters {
  private static final double[] TOKENS = {
    1,
    4,
    16,
    64,
    256,
    1_024,
    4_096,
    16_384,
    65_536,
    262_144,
    1_048_576,
    4_194_304,
    16_777_216,
    67_108_864
  };
  private static final Duration[] TOTAL =
      Meters.millis(
          10, 20, 40, 80, 160, 320, 640, 1_280, 2_560, 5_120, 10_240, 20_480, 40_960, 81_920);
  private static final Duration[] FIRST =
      Meters.millis(
          1, 5, 10, 20, 40, 60, 80, 100, 250, 500, 750, 1_000, 2_500, 5_000, 7_500, 10_000);
  private static final Duration[] EACH =
      Meters.millis(10, 25, 50, 75, 100, 150, 200, 300, 400, 500, 750, 1_000, 2_500);

  private final MeterRegistry registry;
  private final String operation;
  private final Tags tags;
  private final Timer succeeded;
  private final ConcurrentHashMap<String, Timer> failed = new ConcurrentHashMap<>();
  private final Timer first;
  private final Timer each;
  private final DistributionSummary input;
  private final DistributionSummary output;

  /**
   * Meters of their own.
   *
   * @param pool stands for the model: what clients ask for besides is not bounded
   * @param operation a constant
   */
  GenAiMeters(MeterRegistry registry, String pool, Backend backend, String operation) {
    this.registry = registry;
    this.operation = operation;
    int port = backend.spec().url().getPort();
    boolean tls = "https".equals(backend.spec().url().getScheme());
    tags =
        Tags.of(
            "gen_ai.operation.name",
            operation,
            "gen_ai.provider.name",
            "openai",
            "gen_ai.request.model",
            pool,
            "server.address",
            String.valueOf(backend.spec().url().getHost()),
            "server.port",
            Integer.toString(port >= 0 ? port : tls ? 443 : 80));
    succeeded = duration("");
    first =
        Timer.builder("gen_ai.server.time_to_first_token")
            .description("Time to the first token of streamed answers")
            .tags(tags)
            .serviceLevelObjectives(FIRST)
            .register(registry);
    each =
        Timer.builder("gen_ai.server.time_per_output_token")
            .description("Time per token after the first, of streamed answers that ended well")
            .tags(tags)
            .serviceLevelObjectives(EACH)
            .register(registry);
    input = tokens("input");
    output = tokens("output");
  }

  private Timer duration(String error) {
    return Timer.builder("gen_ai.server.request.duration")
        .description("From the pick of a model server to the last byte of its answer")
        .tags(tags)
        // Every series of a name has the same labels; an empty one is none.
        .tag("error.type", error)
        .serviceLevelObjectives(TOTAL)
        .register(registry);
  }

  private DistributionSummary tokens(String type) {
    return DistributionSummary.builder("gen_ai.client.token.usage")
        .description("Tokens as the model servers report them in usage")
        .tags(tags)
        .tag("gen_ai.token.type", type)
        .serviceLevelObjectives(TOKENS)
        .register(registry);
  }

  /** What it is that is measured. */
  String operation() {
    return operation;
  }

  /**
   * An attempt is over.
   *
   * @param cause of the failure, a constant; empty for none
   */
  void closed(Lease lease, Outcome outcome, String cause) {
    long total = lease.durationNanos();
    long ttft = lease.timeToFirstByteNanos();
    boolean well = outcome instanceof Outcome.Completed done && done.status() < 400;
    (well ? succeeded : failure(cause.isEmpty() ? outcome.label() : cause))
        .record(total, TimeUnit.NANOSECONDS);
    if (ttft >= 0 && lease.work().streamed()) {
      first.record(ttft, TimeUnit.NANOSECONDS);
      if (well && lease.completionTokens() > 1) {
        each.record((total - ttft) / (lease.completionTokens() - 1), TimeUnit.NANOSECONDS);
      }
    }
    if (lease.promptTokens() > 0) {
      input.record((double) lease.promptTokens());
    }
    if (lease.completionTokens() > 0) {
      output.record((double) lease.completionTokens());
    }
  }

  private Timer failure(String error) {
    Timer known = failed.get(error);
    return known != null ? known : failed.computeIfAbsent(error, this::duration);
  }
}
