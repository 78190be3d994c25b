package dev.caravan.ingress;

import com.fasterxml.jackson.core.io.JsonStringEncoder;
import dev.caravan.admission.Shed;
import dev.caravan.outcome.Outcome;
import dev.caravan.request.InvalidRequest;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
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
 * @param retryAfterMillis when to come again, two minutes at most; -1 to leave that to the client
 * @param hint what a 405 says in {@code Allow}, and a 401 in {@code WWW-Authenticate}; null for
 *     none
 */
public record ClientError(
    int status,
    String type,
    String message,
    @Nullable String param,
    @Nullable String code,
    long retryAfterMillis,
    @Nullable String hint) {

  /**
   * OpenAI's clients obey {@code Retry-After} up to this, and do not come again at all above it.
   *
   * @see <a href="https://github.com/openai/openai-python/blob/main/src/openai/_base_client.py">its
   *     retry rules</a>
   */
  private static final long MOST_MILLIS = 120_000;

  static final String INVALID = "invalid_request_error";
  static final String SERVER = "server_error";

  /** Limits of requests, of tokens, and of a month's tokens: the types that OpenAI has for them. */
  public static final String REQUESTS = "requests";

  public static final String TOKENS = "tokens";
  public static final String QUOTA = "insufficient_quota";

  /** When to come again where nobody said; chosen without experiment. */
  private static final long A_MOMENT = 1_000;

  public ClientError {
    retryAfterMillis = retryAfterMillis < 0 ? -1 : Math.min(MOST_MILLIS, retryAfterMillis);
  }

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
    return unavailable(message, null, "no_server_available", retryAfterSeconds);
  }

  /** Those who could take the request cannot now. */
  public static ClientError unavailable(
      String message, @Nullable String param, String code, long retryAfterSeconds) {
    return new ClientError(
        503,
        SERVER,
        message,
        param,
        code,
        1_000 * Math.max(1, Math.min(MOST_MILLIS / 1_000, retryAfterSeconds)),
        null);
  }

  /** The gateway itself has too much to do, or too many who want something of it. */
  static ClientError overloaded(Shed why) {
    return new ClientError(
        503,
        SERVER,
        switch (why) {
          case LOOP_LAG, MEMORY -> "The gateway is overloaded.";
          case REQUESTS -> "The gateway has as many requests as it may have.";
          case CONNECTIONS -> "The gateway has as many connections as it may have.";
        },
        null,
        "overloaded",
        A_MOMENT,
        null);
  }

  /** Something in the gateway failed; the operator's log says what. */
  public static ClientError internal() {
    return internal("The gateway could not handle the request.");
  }

  /** Something in the gateway failed, or is over its limits. */
  public static ClientError internal(String message) {
    return new ClientError(500, SERVER, message, null, "gateway_error", -1, null);
  }

  /** What one is told whose answer broke off. */
  public static ClientError brokenOff(Outcome how) {
    return ClientErrors.midStream(how);
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
          orMoment(throttled.retryAfterMillis()),
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
                orMoment(failed.retryAfterMillis()),
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
            new ClientError(
                502, SERVER, "The model server failed.", null, "bad_gateway", A_MOMENT, null);
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

  private static long orMoment(long millis) {
    return millis <= 0 ? A_MOMENT : millis;
  }

  /** Whether a limit of its tenant or its pool keeps the request out. */
  public boolean ofLimit() {
    return type.equals(REQUESTS) || type.equals(TOKENS) || type.equals(QUOTA);
  }

  /** Whether it is over such a limit whenever it comes. */
  public boolean tooLarge() {
    return type.equals(TOKENS) && retryAfterMillis < 0;
  }

  /** When to come again, in whole seconds from 1; -1 to leave that to the client. */
  public long retryAfterSeconds() {
    return retryAfterMillis < 0 ? -1 : Math.max(1, (retryAfterMillis + 999) / 1000);
  }

  /**
   * What to say to clients that would come again after every 5xx: a gateway or a server that has no
   * room now may have some later, while a request that took too long, or met a fault, would only do
   * so once more; nor is a limit that no time mends a reason to come again. Empty where the client
   * decides rightly by itself.
   */
  Optional<Boolean> shouldRetry() {
    return switch (status) {
      case 429 -> Optional.of(!tooLarge() && !type.equals(QUOTA));
      case 502, 503 -> Optional.of(true);
      default -> status < 500 ? Optional.empty() : Optional.of(false);
    };
  }

  /** The error object, as it stands in a body and in an event. */
  public byte[] json() {
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
