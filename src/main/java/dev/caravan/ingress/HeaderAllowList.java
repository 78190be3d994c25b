package dev.caravan.ingress;

import dev.caravan.upstream.HeaderLines;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.util.AsciiString;
import java.util.Collection;
import java.util.Iterator;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The request headers that may pass, by name; everything else stays at the door. That keeps a
 * client from setting what Camel, Kafka or JMS read from headers, and its credentials from
 * travelling. The gateway's own are read here too, so that one look at each header does for both.
 * Immutable.
 */
final class HeaderAllowList {

  /** Told of the headers that matter, by lower-case name. */
  interface Receiver {

    /** One that passes. */
    void passed(String name, String value);

    /** One that the gateway itself reads; it may pass as well. */
    void own(String name, String value);
  }

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

  private final boolean[] passes;
  private final boolean[] own;

  HeaderAllowList(Collection<String> names) {
    int most = names.size() + OwnHeaders.NAMES.size();
    int size = Integer.highestOneBit(Math.max(8, most * 4)) << 1;
    table = new String[size];
    passes = new boolean[size];
    own = new boolean[size];
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
      passes[put(name)] = true;
    }
    for (String name : OwnHeaders.NAMES) {
      own[put(name)] = true;
    }
  }

  private int put(String name) {
    int at = place(name);
    table[at] = name;
    return at;
  }

  /** Where a name is, whatever its case, or where it would be: there is null then. */
  private int place(CharSequence name) {
    int at = AsciiString.hashCode(name) & (table.length - 1);
    String listed;
    while ((listed = table[at]) != null) {
      if (AsciiString.contentEqualsIgnoreCase(listed, name)) {
        return at;
      }
      at = (at + 1) & (table.length - 1);
    }
    return at;
  }

  /** The name that may pass and equals {@code name} but for case, or null. */
  @Nullable String find(CharSequence name) {
    int at = place(name);
    return passes[at] ? table[at] : null;
  }

  /**
   * The lines of those that pass.
   *
   * @param to also told of each of them
   */
  HeaderLines lines(HttpHeaders headers, Receiver to) {
    StringBuilder lines = null;
    Iterator<Map.Entry<CharSequence, CharSequence>> all = headers.iteratorCharSequence();
    while (all.hasNext()) {
      Map.Entry<CharSequence, CharSequence> header = all.next();
      int at = place(header.getKey());
      String name = table[at];
      if (name == null) {
        continue;
      }
      String value = header.getValue().toString();
      if (own[at]) {
        to.own(name, value);
      }
      if (!passes[at]) {
        continue;
      }
      if (lines == null) {
        lines = new StringBuilder(128);
      }
      lines.append(name).append(": ").append(value).append("\r\n");
      to.passed(name, value);
    }
    return lines == null ? HeaderLines.NONE : HeaderLines.of(lines);
  }
}
