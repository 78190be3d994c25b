package dev.caravan.route.parameter;

import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Durations as route files spell them: {@code 500ms}, {@code 30s}, {@code 5m}, {@code 2h}. */
public final class Durations {
  /** What a message says is accepted. */
  static final String ACCEPTED = "a duration such as 500ms, 30s or 5m";

  private static final Pattern SHAPE = Pattern.compile("(\\d{1,9})(ms|s|m|h)");

  private Durations() {}

  /** The duration in milliseconds, from 1; empty where the text is not one. */
  public static OptionalLong millis(String text) {
    Matcher shape = SHAPE.matcher(text);
    if (!shape.matches()) {
      return OptionalLong.empty();
    }
    long number = Long.parseLong(shape.group(1));
    long millis =
        switch (shape.group(2)) {
          case "ms" -> number;
          case "s" -> number * 1_000;
          case "m" -> number * 60_000;
          default -> number * 3_600_000;
        };
    return millis < 1 ? OptionalLong.empty() : OptionalLong.of(millis);
  }
}
