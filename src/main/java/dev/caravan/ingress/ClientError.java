package dev.caravan.ingress;

import com.fasterxml.jackson.core.io.JsonStringEncoder;
import dev.caravan.outcome.Outcome;
import dev.caravan.request.InvalidRequest;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * An answer that says what went wrong, in the shape that OpenAI's clients read: short, true, and
 * free of anything internal. Immutable.
 *
 * @param status the HTTP status
 * @param type OpenAI's {@code error.type}
 * @param message one sentence for the client
 * @param param the field at fault, if any
 * @param code a machine-readable code, if any
 * @param retryAfterSeconds when to come again; -1 to leave that to the client
 * @param allow the methods to name in {@code Allow}; null for none
 */
public record ClientError(
    int status,
    String type,
    String message,
    @Nullable String param,
    @Nullable String code,
    long retryAfterSeconds,
    @Nullable String allow) {

  static final String INVALID = "invalid_request_error";
  static final String SERVER = "server_error";

  /** A request at fault. */
  public static ClientError of(InvalidRequest fault) {
    return new ClientError(
        fault.status(), INVALID, fault.getMessage(), fault.param(), fault.code(), -1, null);
  }

  /** A model that nobody serves. */
  public static ClientError noSuchModel() {
    return ModelList.noSuchModel();
  }

  static ClientError invalid(int status, String message, @Nullable String code) {
    return new ClientError(status, INVALID, message, null, code, -1, null);
  }

  static ClientError wrongMethod(String allow) {
    return new ClientError(
        405, INVALID, "This path takes " + allow + " only.", null, "method_not_allowed", -1, allow);
  }

  /** Nobody could take the request. */
  public static ClientError unavailable(String message, long retryAfterSeconds) {
    return new ClientError(
        503, SERVER, message, null, "no_server_available", Math.max(1, retryAfterSeconds), null);
  }

  /** Something in the gateway failed; the operator's log says what. */
  public static ClientError internal() {
    return new ClientError(
        500, SERVER, "The gateway could not handle the request.", null, "gateway_error", -1, null);
  }

  /** What a client is told when the last attempt ended so. */
  public static ClientError of(Outcome outcome) {
    if (outcome instanceof Outcome.Throttled throttled) {
      return new ClientError(
          429,
          "rate_limit_error",
          "All model servers are at their limit.",
          null,
          "rate_limit_exceeded",
          seconds(throttled.retryAfterMillis()),
          null);
    }
    if (outcome instanceof Outcome.FailedBefore failed) {
      return switch (failed.cause()) {
        case FIRST_BYTE_TIMEOUT, IDLE_TIMEOUT, TOTAL_TIMEOUT ->
            new ClientError(
                504, SERVER, "The model server did not answer in time.", null, "timeout", -1, null);
        case CLIENT_LIMIT -> expired();
        case STATUS ->
            new ClientError(
                503,
                SERVER,
                "The model servers cannot take the request now.",
                null,
                "no_server_available",
                seconds(failed.retryAfterMillis()),
                null);
        case CREDENTIALS ->
            new ClientError(
                502,
                SERVER,
                "The gateway is not set up rightly for its model server.",
                null,
                "upstream_credentials",
                -1,
                null);
        default ->
            new ClientError(502, SERVER, "The model server failed.", null, "bad_gateway", 1, null);
      };
    }
    if (outcome instanceof Outcome.Expired) {
      return expired();
    }
    if (outcome instanceof Outcome.Refused) {
      return unavailable("No model server can take the request now.", 1);
    }
    return internal();
  }

  /** The client's own limit has passed. */
  private static ClientError expired() {
    return new ClientError(
        504, SERVER, "The time that the request allows is over.", null, "timeout", -1, null);
  }

  private static long seconds(long millis) {
    return Math.max(1, (millis + 999) / 1000);
  }

  /** The error object, as it stands in a body and in an event. */
  byte[] json() {
    StringBuilder json = new StringBuilder(160);
    json.append("{\"error\":{\"message\":");
    quote(json, message);
    json.append(",\"type\":");
    quote(json, type);
    json.append(",\"param\":");
    quote(json, param);
    json.append(",\"code\":");
    quote(json, code);
    return json.append("}}").toString().getBytes(StandardCharsets.UTF_8);
  }

  private static void quote(StringBuilder json, @Nullable String value) {
    if (value == null) {
      json.append("null");
      return;
    }
    json.append('"');
    JsonStringEncoder.getInstance().quoteAsString(value, json);
    json.append('"');
  }
}
