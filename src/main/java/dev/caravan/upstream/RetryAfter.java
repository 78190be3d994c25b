package dev.caravan.upstream;

import dev.caravan.time.WallClock;
import io.netty.handler.codec.DateFormatter;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * How long a server that refuses a request asks to be left alone, from the headers of its answer.
 * One answer, one instance, one thread.
 *
 * <p>In order of precedence: {@code retry-after-ms} and {@code x-ms-retry-after-ms}, as Azure and
 * OpenAI's clients have them; {@code Retry-After} in seconds or as a date (RFC 9110, 10.2.3); for a
 * 429 the resets of OpenAI-style rate limits, such as {@code x-ratelimit-reset-tokens: 6m0s}. What
 * cannot be read says nothing.
 */
final class RetryAfter {
  private static final String RESET = "x-ratelimit-reset";
  private static final String REMAINING = "x-ratelimit-remaining";

  /** Limits of one answer; OpenAI has two, Cerebras four. */
  private static final int MAX_LIMITS = 8;

  /** A number of seconds above this is an instant: 2001 in seconds of the epoch. */
  private static final double EPOCH = 1e9;

  /** And above this it is one in milliseconds. */
  private static final double EPOCH_MILLIS = 1e12;

  private final int status;
  private final WallClock clock;
  private long fineMillis = -1;
  private @Nullable String coarse;
  private @Nullable String date;
  private @Nullable List<Limit> limits;

  /** One of the limits: {@code ""} or such as {@code -tokens}. */
  private static final class Limit {
    private final String kind;
    private @Nullable String reset;
    private boolean exhausted;

    Limit(String kind) {
      this.kind = kind;
    }
  }

  private RetryAfter(int status, WallClock clock) {
    this.status = status;
    this.clock = clock;
  }

  /** A reader for the answers that may ask for it, or null. */
  static @Nullable RetryAfter of(int status, WallClock clock) {
    return status == 429 || status == 503 ? new RetryAfter(status, clock) : null;
  }

  /** Takes one header, in any case. */
  void header(String anyCase, String value) {
    String name = anyCase.toLowerCase(Locale.ROOT);
    switch (name) {
      case "retry-after" -> coarse = coarse == null ? value : coarse;
      case "retry-after-ms", "x-ms-retry-after-ms" ->
          fineMillis = fineMillis < 0 ? whole(value) : fineMillis;
      case "date" -> date = value;
      default -> {
        if (name.startsWith(RESET)) {
          Limit limit = limit(name.substring(RESET.length()));
          if (limit != null) {
            limit.reset = value;
          }
        } else if (name.startsWith(REMAINING)) {
          Limit limit = limit(name.substring(REMAINING.length()));
          if (limit != null) {
            limit.exhausted = spanMillis(value) == 0;
          }
        }
      }
    }
  }

  private @Nullable Limit limit(String kind) {
    List<Limit> known = limits;
    if (known == null) {
      known = new ArrayList<>(4);
      limits = known;
    }
    for (Limit limit : known) {
      if (limit.kind.equals(kind)) {
        return limit;
      }
    }
    if (known.size() == MAX_LIMITS) {
      return null;
    }
    Limit made = new Limit(kind);
    known.add(made);
    return made;
  }

  /** How long, in milliseconds from 0; -1 where the answer does not say. */
  long millis() {
    if (fineMillis >= 0) {
      return fineMillis;
    }
    String said = coarse;
    if (said != null) {
      long seconds = whole(said);
      Instant until = seconds < 0 ? instant(said) : null;
      long millis =
          seconds >= 0
              ? seconds * 1000
              : until == null ? -1 : Math.max(0, until.toEpochMilli() - nowMillis());
      if (millis >= 0) {
        return millis;
      }
    }
    return status == 429 ? resetMillis() : -1;
  }

  /**
   * The server is free again when every limit that is used up is reset. Where it does not say which
   * those are, the soonest reset is the soonest time at which asking again makes sense.
   */
  private long resetMillis() {
    long latestExhausted = -1;
    long soonest = -1;
    if (limits != null) {
      for (Limit limit : limits) {
        long reset = limit.reset == null ? -1 : untilMillis(limit.reset);
        if (reset >= 0) {
          soonest = soonest < 0 ? reset : Math.min(soonest, reset);
          latestExhausted = limit.exhausted ? Math.max(latestExhausted, reset) : latestExhausted;
        }
      }
    }
    return latestExhausted >= 0 ? latestExhausted : soonest;
  }

  /** A span, or an instant of the epoch in seconds or milliseconds. */
  private long untilMillis(String value) {
    long millis = spanMillis(value);
    if (millis < EPOCH * 1000) {
      return millis;
    }
    long epoch = millis < EPOCH_MILLIS * 1000 ? millis : millis / 1000;
    return Math.max(0, epoch - nowMillis());
  }

  /** The server's own time, so that its clock need not agree with ours; ours where it is silent. */
  private long nowMillis() {
    Instant said = date == null ? null : instant(date);
    return said == null ? clock.epochMillis() : said.toEpochMilli();
  }

  private static @Nullable Instant instant(String httpDate) {
    Date read = DateFormatter.parseHttpDate(httpDate);
    return read == null ? null : read.toInstant();
  }

  /** Digits alone. */
  private static long whole(String value) {
    boolean digits = !value.isEmpty() && value.length() <= 9;
    for (int i = 0; digits && i < value.length(); i++) {
      digits = value.charAt(i) >= '0' && value.charAt(i) <= '9';
    }
    return digits ? Long.parseLong(value) : -1;
  }

  /**
   * Reads {@code 120ms}, {@code 1s}, {@code 6m0s}, {@code 1h2m3.5s}, or plain seconds.
   *
   * @return milliseconds, rounded up; -1 for anything else
   */
  private static long spanMillis(String value) {
    double millis = 0;
    int at = 0;
    int length = value.length();
    if (length == 0 || length > 32) {
      return -1;
    }
    while (at < length) {
      int start = at;
      boolean point = false;
      while (at < length && (digit(value.charAt(at)) || (value.charAt(at) == '.' && !point))) {
        point |= value.charAt(at) == '.';
        at++;
      }
      // Nothing before or behind a point: not a number that anybody sends.
      if (at == start || !digit(value.charAt(start)) || !digit(value.charAt(at - 1))) {
        return -1;
      }
      double number = Double.parseDouble(value.substring(start, at));
      int unit = at;
      while (at < length && value.charAt(at) >= 'a' && value.charAt(at) <= 'z') {
        at++;
      }
      switch (value.substring(unit, at)) {
        case "d" -> millis += number * 86_400_000;
        case "h" -> millis += number * 3_600_000;
        case "m" -> millis += number * 60_000;
        case "s" -> millis += number * 1_000;
        case "ms" -> millis += number;
        case "us", "ns" -> millis += Math.min(number, 1);
        case "" -> {
          if (start != 0 || at != length) {
            return -1;
          }
          millis = number * 1_000;
        }
        default -> {
          return -1;
        }
      }
    }
    return (long) Math.ceil(millis);
  }

  private static boolean digit(char c) {
    return c >= '0' && c <= '9';
  }
}
