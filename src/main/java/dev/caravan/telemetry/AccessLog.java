package dev.caravan.telemetry;

import com.fasterxml.jackson.core.io.JsonStringEncoder;
import dev.caravan.fleet.Lease;
import dev.caravan.outcome.Outcome;
import dev.caravan.request.InferenceRequest;
import dev.caravan.time.WallClock;
import dev.caravan.upstream.Call;
import io.netty.util.concurrent.FastThreadLocal;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One line of JSON for each request: who answered, how it ended, how long it took, what it cost.
 * Never the prompt, the answer or a key. Safe for any thread; never waits.
 */
public final class AccessLog {
  private final WallClock clock;
  private final Consumer<byte[]> lines;
  private final FastThreadLocal<Desk> desks =
      new FastThreadLocal<>() {
        @Override
        protected Desk initialValue() {
          return new Desk();
        }
      };

  /**
   * A log.
   *
   * @param lines takes each line, its line feed included, and does not wait
   */
  public AccessLog(WallClock clock, Consumer<byte[]> lines) {
    this.clock = clock;
    this.lines = lines;
  }

  /** Where one thread puts a line together. */
  private static final class Desk {
    private final StringBuilder line = new StringBuilder(512);
    private long second = Long.MIN_VALUE;
    private String secondText = "";

    /** The line begun anew, with the time in it. */
    StringBuilder begin(long epochMillis) {
      long now = Math.floorDiv(epochMillis, 1000L);
      if (now != second) {
        second = now;
        String text = Instant.ofEpochSecond(now).toString();
        secondText = text.substring(0, text.length() - 1);
      }
      line.setLength(0);
      line.append("{\"time\":\"").append(secondText).append('.');
      threeDigits(line, Math.floorMod(epochMillis, 1000L));
      return line.append("Z\"");
    }
  }

  /** Writes the line of a request that is over. */
  public void request(
      @Nullable Call call,
      String requestId,
      String path,
      int status,
      Outcome outcome,
      long durationNanos,
      long bytesOut) {
    StringBuilder line = desks.get().begin(clock.epochMillis());
    text(line, "request_id", requestId);
    text(line, "path", path);
    ended(line, call, status, outcome, durationNanos, bytesOut);
  }

  /**
   * Writes the line of a job that is over.
   *
   * @param jobs the name of its {@code jobs:} endpoint
   * @param call its last try; null where it never ran
   */
  public void job(
      String jobs,
      String customId,
      @Nullable Call call,
      String requestId,
      int status,
      Outcome outcome,
      long durationNanos,
      long bytesOut) {
    StringBuilder line = desks.get().begin(clock.epochMillis());
    text(line, "request_id", requestId);
    text(line, "jobs", jobs);
    text(line, "custom_id", customId);
    if (call != null) {
      text(line, "path", call.request().api().path());
    }
    ended(line, call, status, outcome, durationNanos, bytesOut);
  }

  private void ended(
      StringBuilder line,
      @Nullable Call call,
      int status,
      Outcome outcome,
      long durationNanos,
      long bytesOut) {
    number(line, "status", status);
    text(line, "outcome", outcome.label());
    if (!(outcome instanceof Outcome.Completed)) {
      text(line, "detail", outcome.detail());
    }
    millis(line, "duration_ms", durationNanos);
    number(line, "bytes_out", bytesOut);
    if (call != null) {
      call(line, call);
    }
    lines.accept(line.append("}\n").toString().getBytes(StandardCharsets.UTF_8));
  }

  private static void call(StringBuilder line, Call call) {
    InferenceRequest request = call.request();
    if (!call.client().anonymous()) {
      text(line, "tenant", call.client().tenant());
    }
    if (!call.client().key().isEmpty()) {
      text(line, "key", call.client().key());
    }
    if (!call.pool().isEmpty()) {
      text(line, "pool", call.pool());
    }
    line.append(",\"stream\":").append(request.stream());
    number(line, "bytes_in", call.bytesIn());
    number(line, "attempts", call.attempts());
    if (call.waitedNanos() > 0) {
      millis(line, "queued_ms", call.waitedNanos());
    }
    if (call.resumptions() > 0) {
      number(line, "resumptions", call.resumptions());
    }
    Lease lease = call.lease();
    if (lease == null) {
      return;
    }
    text(line, "backend", lease.backend().name());
    if (lease.timeToFirstByteNanos() >= 0) {
      millis(line, "ttft_ms", lease.timeToFirstByteNanos());
    }
    if (lease.promptTokens() >= 0) {
      number(line, "input_tokens", lease.promptTokens());
    }
    if (lease.completionTokens() >= 0) {
      number(line, "output_tokens", lease.completionTokens());
    }
  }

  private static void text(StringBuilder line, String name, String value) {
    line.append(",\"").append(name).append("\":\"");
    JsonStringEncoder.getInstance().quoteAsString(value, line);
    line.append('"');
  }

  private static void number(StringBuilder line, String name, long value) {
    line.append(",\"").append(name).append("\":").append(value);
  }

  private static void millis(StringBuilder line, String name, long nanos) {
    long micros = nanos / 1000;
    line.append(",\"").append(name).append("\":").append(micros / 1000).append('.');
    threeDigits(line, micros % 1000);
  }

  private static void threeDigits(StringBuilder line, long number) {
    line.append((char) ('0' + number / 100))
        .append((char) ('0' + number / 10 % 10))
        .append((char) ('0' + number % 10));
  }
}
