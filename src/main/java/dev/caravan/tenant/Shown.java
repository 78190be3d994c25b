package dev.caravan.tenant;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The credentials that one request shows. For one thread. Prints nothing of them.
 *
 * @see <a href="https://www.rfc-editor.org/rfc/rfc6750#section-2.1">RFC 6750, 2.1</a>
 */
public final class Shown {
  private static final String AUTHORIZATION = "authorization";
  private static final String BEARER = "Bearer ";

  /** The headers that may hold some, in lower case. */
  public static final List<String> HEADERS = List.of(AUTHORIZATION, "x-api-key", "api-key");

  private @Nullable String value;
  private @Nullable Denied wrong;

  /** One of {@link #HEADERS}. The same credentials may be in several. */
  public void add(String name, String text) {
    String said = text;
    if (name.equals(AUTHORIZATION)) {
      if (!text.regionMatches(true, 0, BEARER, 0, BEARER.length())) {
        wrong = Denied.MALFORMED;
        return;
      }
      said = text.substring(BEARER.length());
    }
    said = said.strip();
    if (said.isEmpty()) {
      wrong = Denied.MALFORMED;
    } else if (value == null) {
      value = said;
    } else if (!said.equals(value)) {
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

  @Override
  public String toString() {
    return "Shown[***]";
  }
}
