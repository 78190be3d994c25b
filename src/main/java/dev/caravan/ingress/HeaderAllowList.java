package dev.caravan.ingress;

import dev.caravan.upstream.HeaderLines;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.util.AsciiString;
import java.util.Arrays;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The request headers that may pass, by name; everything else stays at the door. That keeps a
 * client from setting what Camel, Kafka or JMS read from headers, and its credentials from
 * travelling. The gateway's own, and those that tell conversations apart, are read here too, so
 * that one look at each header does for all. Immutable.
 */
final class HeaderAllowList {

  /** Told of the headers that matter, by lower-case name. */
  interface Receiver {

    /** One that passes. */
    void passed(String name, String value);

    /** One that the gateway itself reads; it may pass as well. */
    void own(String name, String value);

    /**
     * One that may name the conversation; it may pass as well.
     *
     * @param place in the list of keys
     */
    void key(int place, String value);

    /** One that is read to find the conversation in another way. */
    void other(String name, String value);

    /** One that says which trace the request is part of; it goes on in another form. */
    void trace(String name, String value);

    /** One that may hold the client's credentials; it is not among the lines. */
    void credentials(String name, String value);
  }

  private static final Collection<String> NEVER =
      List.of(
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
  private final boolean[] other;
  private final boolean[] trace;
  private final boolean[] credentials;

  /** The place in the list of conversation keys; -1 for none. */
  private final int[] key;

  /** A list of names that may pass, and nothing else to be read. */
  HeaderAllowList(Collection<String> names) {
    this(names, List.of(), Set.of(), Set.of(), List.of());
  }

  /**
   * A list of names.
   *
   * @param names those that may pass
   * @param keys those that may name the conversation, in order of their places; empty for none
   * @param others those that are read as well, in lower case
   * @param traces those that say which trace a request is part of, in lower case; there are no
   *     lines of these
   * @param secrets those that hold credentials, in lower case; there are no lines of these
   */
  HeaderAllowList(
      Collection<String> names,
      List<String> keys,
      Set<String> others,
      Set<String> traces,
      Collection<String> secrets) {
    int most = names.size() + OwnHeaders.NAMES.size() + keys.size() + others.size() + traces.size();
    most += secrets.size();
    int size = Integer.highestOneBit(Math.max(8, most * 4)) << 1;
    table = new String[size];
    passes = new boolean[size];
    own = new boolean[size];
    other = new boolean[size];
    trace = new boolean[size];
    credentials = new boolean[size];
    key = new int[size];
    Arrays.fill(key, -1);
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
      if (internal || NEVER.contains(name) || !isToken(name)) {
        throw new IllegalArgumentException(
            "caravan.http.pass-headers: \"" + name + "\" cannot be passed on");
      }
      passes[put(name)] = true;
    }
    for (String name : OwnHeaders.NAMES) {
      own[put(name)] = true;
    }
    for (int place = 0; place < keys.size(); place++) {
      if (!keys.get(place).isEmpty()) {
        key[put(keys.get(place))] = place;
      }
    }
    for (String name : others) {
      other[put(name)] = true;
    }
    for (String name : traces) {
      trace[put(name)] = true;
    }
    for (String name : secrets) {
      credentials[put(name)] = true;
    }
  }

  /**
   * Whether a text may be the name of a header or a cookie: a token of RFC 9110, of one or more.
   */
  static boolean isToken(String text) {
    return text.matches("[A-Za-z0-9!#$%&'*+.^_`|~-]+");
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
      if (key[at] >= 0) {
        to.key(key[at], value);
      }
      if (other[at]) {
        to.other(name, value);
      }
      if (trace[at]) {
        to.trace(name, value);
      }
      if (credentials[at]) {
        to.credentials(name, value);
      }
      if (!passes[at]) {
        continue;
      }
      to.passed(name, value);
      if (!trace[at]) {
        if (lines == null) {
          lines = new StringBuilder(128);
        }
        lines.append(name).append(": ").append(value).append("\r\n");
      }
    }
    return lines == null ? HeaderLines.NONE : HeaderLines.of(lines);
  }
}
