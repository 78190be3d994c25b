package dev.caravan.ingress;

import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.UnknownHostException;

/**
 * Whose page has a browser send a request, as the header {@code Origin} says, which pages cannot
 * write.
 *
 * @see <a href="https://www.rfc-editor.org/rfc/rfc6454#section-7">RFC 6454, 7</a>
 */
final class Origin {
  private static final String HTTP = "http://";
  private static final String HTTPS = "https://";

  private Origin() {}

  /**
   * Whether it is a page of another machine, or one that does not say. What is installed here, an
   * application or a browser's extension, has a scheme of its own and is no such page.
   */
  static boolean isForeign(String origin) {
    int scheme =
        origin.regionMatches(true, 0, HTTP, 0, HTTP.length())
            ? HTTP.length()
            : origin.regionMatches(true, 0, HTTPS, 0, HTTPS.length()) ? HTTPS.length() : -1;
    return scheme < 0
        ? origin.isBlank() || origin.strip().equalsIgnoreCase("null")
        : !isHere(host(origin.substring(scheme)));
  }

  /** Without the port. */
  private static String host(String authority) {
    int colon = authority.lastIndexOf(':');
    String host = colon > authority.lastIndexOf(']') ? authority.substring(0, colon) : authority;
    return host.startsWith("[") && host.endsWith("]") ? host.substring(1, host.length() - 1) : host;
  }

  /** Whether it can mean no other machine. Nothing is looked up. */
  private static boolean isHere(String host) {
    byte[] address = NetUtil.createByteArrayFromIpAddressString(host);
    try {
      return address == null
          ? host.equalsIgnoreCase("localhost")
          : InetAddress.getByAddress(address).isLoopbackAddress();
    } catch (UnknownHostException e) {
      return false;
    }
  }
}
