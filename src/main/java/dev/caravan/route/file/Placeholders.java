package dev.caravan.route.file;

import java.util.Set;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Resolves Camel's property placeholders, {@code {{name}}} and {@code {{name:default}}}, before a
 * value is checked.
 *
 * @param properties the value of a property, or null; is also asked for {@code env:NAME} and {@code
 *     sys:name}, prefix included
 * @param later names that get their value only when a route template is used
 */
record Placeholders(Function<String, @Nullable String> properties, Set<String> later) {
  private static final Pattern PLACEHOLDER = Pattern.compile("\\{\\{([^{}]+)\\}\\}");

  /** What became of a text. */
  sealed interface Result {}

  /** The text with every placeholder replaced. */
  record Text(String value) implements Result {}

  /** A part of the text is known only when the template is used. */
  record Later() implements Result {}

  /** A placeholder has neither value nor default. */
  record Unset(String placeholder) implements Result {}

  /** Resolves every placeholder in the text; values are not resolved once more. */
  Result resolve(String text) {
    Matcher placeholders = PLACEHOLDER.matcher(text);
    StringBuilder resolved = new StringBuilder();
    while (placeholders.find()) {
      String name = placeholders.group(1).strip();
      if (later.contains(name)) {
        return new Later();
      }
      String value = value(name);
      if (value == null) {
        return new Unset(placeholders.group());
      }
      placeholders.appendReplacement(resolved, Matcher.quoteReplacement(value));
    }
    return new Text(placeholders.appendTail(resolved).toString());
  }

  private @Nullable String value(String name) {
    String value = properties.apply(name);
    if (value != null) {
      return value;
    }
    int prefix = name.startsWith("env:") || name.startsWith("sys:") ? "env:".length() : 0;
    int colon = name.indexOf(':', prefix);
    if (colon < 0) {
      return null;
    }
    value = properties.apply(name.substring(0, colon));
    return value != null ? value : name.substring(colon + 1);
  }
}
