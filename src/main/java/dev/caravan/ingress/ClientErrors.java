package dev.caravan.ingress;

import dev.caravan.outcome.Outcome;
import dev.caravan.outcome.Outcome.Cause;
import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;

/** How an error goes out: as an answer's headers, as the end of a stream. */
final class ClientErrors {

  private static final String SHUTDOWN = "gateway_shutdown";

  private ClientErrors() {}

  /** Appends the header lines that an error brings along. */
  static void writeHeaders(ByteBuf out, ClientError error) {
    if (error.retryAfterSeconds() >= 0) {
      line(out, "retry-after: ", Long.toString(error.retryAfterSeconds()));
      if (error.status() == 429) {
        line(out, "retry-after-ms: ", Long.toString(error.retryAfterMillis()));
      }
    }
    error.shouldRetry().ifPresent(retry -> line(out, "x-should-retry: ", retry.toString()));
    String hint = error.hint();
    if (hint != null) {
      line(out, error.status() == 401 ? "www-authenticate: " : "allow: ", hint);
    }
  }

  private static void line(ByteBuf out, String name, String value) {
    out.writeCharSequence(name, StandardCharsets.US_ASCII);
    out.writeCharSequence(value, StandardCharsets.US_ASCII);
    out.writeShort('\r' << 8 | '\n');
  }

  /** What a request is told that comes, or is not answered yet, when the gateway stops. */
  static ClientError stopping() {
    return new ClientError(
        503, ClientError.SERVER, "The gateway is stopping.", null, SHUTDOWN, 1_000, null);
  }

  /** What a client is told that speaks plain HTTP to a port with TLS. */
  static ClientError plaintext() {
    return ClientError.invalid(
        400, "This port speaks HTTPS, and the request came in plain HTTP.", "https_required");
  }

  /** TLS came to a port without it; a client that reads on finds out why it did not understand. */
  static ClientError encrypted() {
    return ClientError.invalid(
        400, "This port speaks plain HTTP, and what came is TLS.", "http_required");
  }

  /** What the last event of a stream says that the gateway cuts because it stops. */
  static ClientError cut() {
    return new ClientError(
        503,
        ClientError.SERVER,
        "The gateway is stopping; the answer is not complete.",
        null,
        SHUTDOWN,
        -1,
        null);
  }

  /** What the event says that stands for an answer which cannot go into a stream. */
  static ClientError noStream(int status) {
    return new ClientError(
        502,
        ClientError.SERVER,
        status < 400
            ? "The model server did not answer with a stream."
            : "The model server answered with status " + status + ".",
        null,
        "bad_gateway",
        -1,
        null);
  }

  /** What the last event of a broken stream says. */
  static ClientError midStream(Outcome how) {
    boolean allowed = how instanceof Outcome.FailedAfter f && f.cause() == Cause.CLIENT_LIMIT;
    boolean late =
        how instanceof Outcome.FailedAfter failed
            && switch (failed.cause()) {
              case IDLE_TIMEOUT, TOTAL_TIMEOUT, CLIENT_LIMIT -> true;
              default -> false;
            };
    return new ClientError(
        late ? 504 : 502,
        ClientError.SERVER,
        allowed
            ? "The time that the request allows is over; the answer is not complete."
            : late
                ? "The model server stopped sending; the answer is not complete."
                : "The model server failed; the answer is not complete.",
        null,
        late ? "stream_timeout" : "stream_interrupted",
        -1,
        null);
  }
}
