package dev.caravan.ingress;

import dev.caravan.upstream.HeaderLines;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.util.AsciiString;
import java.util.Collection;
import java.util.Iterator;
import java.util.Locale;
import java.util.Map;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The request headers that may pass, by name; everything else stays at the door. That keeps a
 * client from setting what Camel, Kafka or JMS read from headers, and its credentials from
 * travelling. Immutable.
 */
final class HeaderAllowList {
  private static final Collection<String> NEVER =
      java.util.List.of(
          "connection",
          "keep-alive",
          "proxy-authenticate",
          "proxy-authorization",
          "te",
          "trailer",
          "transfer-encoding",
          "upgrade",
          "host",
          "content-length",
          "content-type",
          "content-encoding",
          "expect",
          "accept-encoding",
          "x-request-id",
          // Credentials: those of a server come from its route.
          "authorization",
          "cookie",
          "x-api-key",
          "api-key",
          "x-goog-api-key");

  /** Open addressing; a power of two at least four times the number of names. */
  private final @Nullable String[] table;

  HeaderAllowList(Collection<String> names) {
    int size = Integer.highestOneBit(Math.max(8, names.size() * 4)) << 1;
    table = new String[size];
    for (String raw : names) {
      String name = raw.trim().toLowerCase(Locale.ROOT);
      if (name.isEmpty()) {
        continue;
      }
      boolean internal =
          name.startsWith("camel")
              || name.startsWith("org.apache.camel")
              || name.startsWith("kafka.")
              || name.startsWith("jms")
              || name.startsWith("breadcrumb")
              || name.startsWith("x-caravan-");
      if (internal || NEVER.contains(name) || !name.matches("[a-z0-9!#$%&'*+.^_`|~-]+")) {
        throw new IllegalArgumentException(
            "caravan.http.pass-headers: \"" + name + "\" cannot be passed on");
      }
      int at = AsciiString.hashCode(name) & (size - 1);
      while (table[at] != null) {
        at = (at + 1) & (size - 1);
      }
      table[at] = name;
    }
  }

  /** The listed name that equals {@code name} but for case, or null. */
  @Nullable String find(CharSequence name) {
    int at = AsciiString.hashCode(name) & (table.length - 1);
    String listed;
    while ((listed = table[at]) != null) {
      if (AsciiString.contentEqualsIgnoreCase(listed, name)) {
        return listed;
      }
      at = (at + 1) & (table.length - 1);
    }
    return null;
  }

  /**
   * The lines of those that pass.
   *
   * @param each also told of each of them
   */
  HeaderLines lines(HttpHeaders headers, BiConsumer<String, String> each) {
    StringBuilder lines = null;
    Iterator<Map.Entry<CharSequence, CharSequence>> all = headers.iteratorCharSequence();
    while (all.hasNext()) {
      Map.Entry<CharSequence, CharSequence> header = all.next();
      String name = find(header.getKey());
      if (name == null) {
        continue;
      }
      if (lines == null) {
        lines = new StringBuilder(128);
      }
      String value = header.getValue().toString();
      lines.append(name).append(": ").append(value).append("\r\n");
      each.accept(name, value);
    }
    return lines == null ? HeaderLines.NONE : HeaderLines.of(lines);
  }
}
