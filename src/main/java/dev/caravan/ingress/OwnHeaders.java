package dev.caravan.ingress;

import dev.caravan.request.InvalidRequest;
import dev.caravan.tenant.Priority;
import dev.caravan.upstream.ClientLimits;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The request headers that speak to the gateway itself; the first of a name counts. */
final class OwnHeaders {
  private static final String TOTAL = "x-caravan-timeout-ms";
  private static final String FIRST_TOKEN = "x-caravan-ttft-timeout-ms";

  /** How often OpenAI's client libraries have sent the request before; 0 the first time. */
  private static final String RETRIES = "x-stainless-retry-count";

  /** Asks why the request is sent where it is. */
  static final String EXPLAIN = "x-caravan-explain";

  /** In which class the request waits where it must. */
  private static final String PRIORITY = "x-caravan-priority";

  /** Whose page it is that has a browser send the request. */
  private static final String ORIGIN = "origin";

  static final List<String> NAMES = List.of(TOTAL, FIRST_TOKEN, RETRIES, EXPLAIN, PRIORITY, ORIGIN);

  /** More than any client library makes of it. */
  private static final int MAX_RETRIES = 1_000;

  private @Nullable String total;
  private @Nullable String firstToken;
  private @Nullable String retries;
  private @Nullable String explain;
  private @Nullable String priority;
  private boolean foreign;

  void add(String name, String value) {
    switch (name) {
      case TOTAL -> total = total == null ? value : total;
      case FIRST_TOKEN -> firstToken = firstToken == null ? value : firstToken;
      case PRIORITY -> priority = priority == null ? value : priority;
      case ORIGIN -> foreign |= Origin.isForeign(value);
      case EXPLAIN -> explain = explain == null ? value : explain;
      default -> retries = retries == null ? value : retries;
    }
  }

  /**
   * How long the client allows.
   *
   * @throws InvalidRequest where it does not say a number, or more than it may
   */
  ClientLimits limits(long maxMillis) throws InvalidRequest {
    return total == null && firstToken == null
        ? ClientLimits.NONE
        : new ClientLimits(
            millis(TOTAL, total, maxMillis), millis(FIRST_TOKEN, firstToken, maxMillis));
  }

  private static long millis(String name, @Nullable String text, long maxMillis)
      throws InvalidRequest {
    if (text == null) {
      return 0;
    }
    long millis = number(text, maxMillis);
    if (millis < 1) {
      throw new InvalidRequest(
          400,
          "The header " + name + " takes whole milliseconds from 1 to " + maxMillis + ".",
          null,
          "invalid_timeout");
    }
    return millis;
  }

  /** How many times the client has sent the request before; 0 where it does not say a number. */
  int retries() {
    String text = retries;
    return text == null ? 0 : (int) Math.max(0, number(text, MAX_RETRIES));
  }

  /** Whether a page of another machine has a browser send it. */
  boolean foreign() {
    return foreign;
  }

  /** Whether the client wants to know why its request is sent where it is. */
  boolean explain() {
    return explain != null && explain.strip().equalsIgnoreCase("true");
  }

  /**
   * The class that the client asks for; null where it does not say.
   *
   * @throws InvalidRequest where there is no such class
   */
  @Nullable Priority priority() throws InvalidRequest {
    String text = priority;
    if (text == null) {
      return null;
    }
    for (Priority each : Priority.values()) {
      if (each.label().equals(text.strip())) {
        return each;
      }
    }
    throw new InvalidRequest(
        400,
        "The header " + PRIORITY + " takes interactive, default or batch.",
        null,
        "invalid_priority");
  }

  /** The number that a text of decimal digits is; -1 for any other, or one above the most. */
  private static long number(String text, long most) {
    String digits = text.strip();
    if (digits.isEmpty() || digits.length() > 18) {
      return -1;
    }
    long number = 0;
    for (int i = 0; i < digits.length(); i++) {
      char c = digits.charAt(i);
      if (c < '0' || c > '9') {
        return -1;
      }
      number = number * 10 + (c - '0');
    }
    return number <= most ? number : -1;
  }
}
