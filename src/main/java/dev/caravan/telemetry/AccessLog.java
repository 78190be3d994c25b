package dev.caravan.telemetry;

import com.fasterxml.jackson.core.io.JsonStringEncoder;
import dev.caravan.fleet.Lease;
import dev.caravan.outcome.Outcome;
import dev.caravan.request.InferenceRequest;
import dev.caravan.time.WallClock;
import dev.caravan.upstream.Call;
import java.time.Instant;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * One line of JSON for each request, in the log category {@code caravan.access}: who answered, how
 * it ended, how long it took, what it cost. Never the prompt, the answer or a key. Safe for any
 * thread; does not block where the category's handler is asynchronous.
 */
public final class AccessLog {
  private static final Logger LOG = Logger.getLogger("caravan.access");

  private final WallClock clock;

  public AccessLog(WallClock clock) {
    this.clock = clock;
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
    if (!LOG.isInfoEnabled()) {
      return;
    }
    StringBuilder line = new StringBuilder(384);
    line.append("{\"time\":\"").append(Instant.ofEpochMilli(clock.epochMillis())).append('"');
    text(line, "request_id", requestId);
    text(line, "path", path);
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
    LOG.info(line.append('}'));
  }

  private static void call(StringBuilder line, Call call) {
    InferenceRequest request = call.request();
    if (!call.pool().isEmpty()) {
      text(line, "pool", call.pool());
    }
    line.append(",\"stream\":").append(request.stream());
    number(line, "bytes_in", call.bytesIn());
    number(line, "attempts", call.attempts());
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
    long rest = micros % 1000;
    line.append((char) ('0' + rest / 100))
        .append((char) ('0' + rest / 10 % 10))
        .append((char) ('0' + rest % 10));
  }
}
