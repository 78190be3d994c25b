package dev.caravan.ingress;

import io.netty.util.NetUtil;

/**
 * Who a request says it is for: the value of {@code Host}, and that part of an absolute target.
 * Nothing is decided by it here. But a proxy in front that decides by it must have read the same.
 *
 * @see <a href="https://www.rfc-editor.org/rfc/rfc9112#section-3.2">RFC 9112, 3.2</a>
 */
final class Authority {
  /** Beside letters and digits, what RFC 3986 lets a name have. */
  private static final String NAME = "-._~%!$&'()*+,;=";

  private Authority() {}

  /** Where it ends in a target: at the path, the query or the fragment. */
  static int end(String target, int from) {
    int at = from;
    while (at < target.length() && "/?#".indexOf(target.charAt(at)) < 0) {
      at++;
    }
    return at;
  }

  /** Whether it is a name or an address, perhaps with a port, or nothing; never a user's name. */
  static boolean isHost(String text) {
    int at = 0;
    if (text.startsWith("[")) {
      int close = text.indexOf(']');
      if (close < 0 || !NetUtil.isValidIpV6Address(text.substring(1, close))) {
        return false;
      }
      at = close + 1;
    } else {
      while (at < text.length() && isName(text.charAt(at))) {
        at++;
      }
    }
    return at == text.length() || (text.charAt(at) == ':' && isPort(text, at + 1));
  }

  private static boolean isName(char c) {
    return isDigit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || NAME.indexOf(c) >= 0;
  }

  private static boolean isPort(String text, int from) {
    for (int i = from; i < text.length(); i++) {
      if (!isDigit(text.charAt(i))) {
        return false;
      }
    }
    return text.length() - from <= 5;
  }

  private static boolean isDigit(char c) {
    return c >= '0' && c <= '9';
  }
}
