package dev.caravan.admin.access;

import io.netty.util.NetUtil;
import io.vertx.core.net.HostAndPort;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** What names this machine, and nothing beyond it. */
public final class Loopback {
  private Loopback() {}

  /** Whether an address, written in numbers, is one of this machine alone. */
  public static boolean isAddress(@Nullable String address) {
    byte[] bytes = address == null ? null : NetUtil.createByteArrayFromIpAddressString(address);
    if (bytes == null) {
      return false; // never looked up
    }
    try {
      return InetAddress.getByAddress(bytes).isLoopbackAddress();
    } catch (UnknownHostException e) {
      return false;
    }
  }

  /** Whether a name can mean no other machine: an address of its own, or {@code localhost}. */
  public static boolean isName(@Nullable String host) {
    if (host == null) {
      return false;
    }
    String bare =
        host.startsWith("[") && host.endsWith("]") ? host.substring(1, host.length() - 1) : host;
    return bare.toLowerCase(Locale.ROOT).equals("localhost") || isAddress(bare);
  }

  /**
   * Whether a request comes from a page of the host that it is sent to, or from no page at all.
   *
   * @param origins what its {@code Origin} headers say
   */
  static boolean isOrigin(List<String> origins, @Nullable String scheme, HostAndPort host) {
    if (origins.isEmpty()) {
      return true;
    }
    String own = scheme + "://" + host;
    return origins.size() == 1 && origins.get(0).equalsIgnoreCase(own);
  }
}
