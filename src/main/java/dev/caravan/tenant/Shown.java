package dev.caravan.tenant;

import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The credentials that one request shows. Prints nothing of them. Of the request's event loop.
 *
 * @see <a href="https://www.rfc-editor.org/rfc/rfc6750#section-2.1">RFC 6750, 2.1</a>
 */
public final class Shown {
  private static final String AUTHORIZATION = "authorization";
  private static final String BEARER = "Bearer ";

  /** The headers that may hold some, in lower case. */
  public static final List<String> HEADERS = List.of(AUTHORIZATION, "x-api-key", "api-key");

  /** Schemes that vouch for a connection and not for a request; others use the connection too. */
  private static final Set<String> OF_CONNECTIONS = Set.of("ntlm", "negotiate");

  /** What each header said, the first of a name; null for those that did not come. */
  private final @Nullable String[] said = new String[HEADERS.size()];

  private @Nullable String value;
  private @Nullable Denied wrong;

  /** One of {@link #HEADERS}. The same credentials may be in several. */
  public void add(String name, String text) {
    int place = HEADERS.indexOf(name);
    if (said[place] == null) {
      said[place] = text;
    }
    String shown = text;
    if (name.equals(AUTHORIZATION)) {
      if (!text.regionMatches(true, 0, BEARER, 0, BEARER.length())) {
        wrong = Denied.MALFORMED;
        return;
      }
      shown = text.substring(BEARER.length());
    }
    shown = shown.strip();
    if (shown.isEmpty()) {
      wrong = Denied.MALFORMED;
    } else if (value == null) {
      value = shown;
    } else if (!shown.equals(value)) {
      wrong = Denied.CONTRADICTORY;
    }
  }

  /** The key or token; null where there is none. */
  @Nullable String value() {
    return value;
  }

  /** Why they cannot be credentials at all, or null. */
  @Nullable Denied wrong() {
    return wrong;
  }

  /**
   * The header lines that it came with, each with its end, for a server that is to get them.
   * Without those that would vouch for a connection, which other clients' requests use as well.
   */
  public String lines() {
    StringBuilder lines = new StringBuilder(128);
    for (int i = 0; i < said.length; i++) {
      String text = said[i];
      if (text != null && !(i == 0 && ofConnection(text))) {
        lines.append(HEADERS.get(i)).append(": ").append(text).append("\r\n");
      }
    }
    return lines.toString();
  }

  private static boolean ofConnection(String authorization) {
    String scheme = authorization.strip().split("\\s", 2)[0];
    return OF_CONNECTIONS.contains(scheme.toLowerCase(Locale.ROOT));
  }

  @Override
  public String toString() {
    return "Shown[***]";
  }
}
