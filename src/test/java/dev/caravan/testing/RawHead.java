package dev.caravan.testing;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The head of an HTTP message as it came: start line and headers. Immutable.
 *
 * @param start the first line
 * @param headers names in lower case, in order
 * @param text every byte of it, in ISO 8859-1
 */
public record RawHead(String start, List<Map.Entry<String, String>> headers, String text) {

  public RawHead {
    headers = List.copyOf(headers);
  }

  /** Takes a head apart, the empty line included. */
  static RawHead parse(String text) {
    String[] lines = text.substring(0, text.length() - 4).split("\r\n", -1);
    List<Map.Entry<String, String>> headers = new ArrayList<>();
    for (int i = 1; i < lines.length; i++) {
      int colon = lines[i].indexOf(':');
      if (colon < 1) {
        throw new IllegalArgumentException("not a header: " + lines[i]);
      }
      headers.add(
          Map.entry(
              lines[i].substring(0, colon).toLowerCase(Locale.ROOT),
              lines[i].substring(colon + 1).strip()));
    }
    return new RawHead(lines[0], headers, text);
  }

  /** The status of an answer. */
  public int status() {
    return Integer.parseInt(start.split(" ", 3)[1]);
  }

  /** The only header of that name, or null. */
  public @Nullable String header(String name) {
    List<String> values = all(name);
    if (values.size() > 1) {
      throw new AssertionError(name + " comes " + values.size() + " times in\n" + text);
    }
    return values.isEmpty() ? null : values.get(0);
  }

  /** The values of all headers of that name. */
  public List<String> all(String name) {
    return headers.stream()
        .filter(header -> header.getKey().equals(name))
        .map(Map.Entry::getValue)
        .toList();
  }

  public boolean is(String name, String value) {
    return value.equalsIgnoreCase(header(name));
  }
}
