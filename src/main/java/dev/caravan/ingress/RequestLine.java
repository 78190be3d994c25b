package dev.caravan.ingress;

import io.netty.buffer.ByteBuf;

/**
 * The first line of a request, byte by byte: a method, one space, a target, one space, a version.
 *
 * @see <a href="https://www.rfc-editor.org/rfc/rfc9112#section-3">RFC 9112, 3</a>
 */
final class RequestLine {
  /** {@code HTTP/1.1}, with digits where the digits are. */
  private static final byte[] VERSION = {'H', 'T', 'T', 'P', '/', '0', '.', '0'};

  private static final boolean[] TOKEN = new boolean[128];

  static {
    for (char c = 0; c < TOKEN.length; c++) {
      TOKEN[c] = HeaderAllowList.isToken(String.valueOf(c));
    }
  }

  private RequestLine() {}

  /**
   * Whether all who read it read the same.
   *
   * @param from its first byte
   * @param to behind its last one, without CR LF
   */
  static boolean isStrict(ByteBuf in, int from, int to) {
    int at = from;
    while (at < to && isToken(in.getByte(at))) {
      at++;
    }
    if (at == from || at == to || in.getByte(at) != ' ') {
      return false;
    }
    int target = ++at;
    while (at < to && isVisible(in.getByte(at))) {
      at++;
    }
    return at > target
        && to - at == VERSION.length + 1
        && in.getByte(at) == ' '
        && isVersion(in, at + 1);
  }

  private static boolean isToken(byte one) {
    return one >= 0 && TOKEN[one];
  }

  /** Neither white space nor a control character; what is beyond ASCII is nobody's path here. */
  private static boolean isVisible(byte one) {
    return one < 0 || (one > ' ' && one != 0x7f);
  }

  private static boolean isVersion(ByteBuf in, int from) {
    for (int i = 0; i < VERSION.length; i++) {
      byte one = in.getByte(from + i);
      if (VERSION[i] == '0' ? one < '0' || one > '9' : one != VERSION[i]) {
        return false;
      }
    }
    return true;
  }
}
