package dev.caravan.ingress;

import io.netty.handler.ipfilter.IpFilterRuleType;
import io.netty.handler.ipfilter.IpSubnetFilterRule;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Who is behind a connection: its peer, or, where that is a proxy that may be believed, whom the
 * proxy names. Immutable.
 *
 * <p>A header can be written by anybody. So only the part of it counts that trusted proxies have
 * added: it is read from its end, as far as to the first address that is none of theirs.
 */
final class ClientAddress {
  private final List<IpSubnetFilterRule> trusted;

  /**
   * Trusts those proxies.
   *
   * @param trustedProxies addresses and networks, such as 10.0.0.0/8 or fd00::/8
   * @throws IllegalArgumentException for what is neither; the message says which
   */
  ClientAddress(List<String> trustedProxies) {
    trusted = trustedProxies.stream().map(ClientAddress::network).toList();
  }

  private static IpSubnetFilterRule network(String text) {
    String wanted = text.strip();
    int slash = wanted.indexOf('/');
    InetAddress address = address(slash < 0 ? wanted : wanted.substring(0, slash));
    int bits = address == null ? -1 : 8 * address.getAddress().length;
    int prefix = slash < 0 ? bits : prefix(wanted.substring(slash + 1));
    if (address == null || prefix < 0 || prefix > bits) {
      throw new IllegalArgumentException(
          "\"" + text + "\" is no address or network such as 10.0.0.0/8 or fd00::/8");
    }
    return new IpSubnetFilterRule(address, prefix, IpFilterRuleType.ACCEPT);
  }

  private static int prefix(String text) {
    boolean number = !text.isEmpty() && text.length() <= 3;
    for (int i = 0; i < text.length(); i++) {
      number &= text.charAt(i) >= '0' && text.charAt(i) <= '9';
    }
    return number ? Integer.parseInt(text) : -1;
  }

  /** An address in numbers, without a look at any name service; null where it is none. */
  private static @Nullable InetAddress address(String text) {
    return NetUtil.createInetAddressFromIpAddressString(text);
  }

  /**
   * The client's address in text; null where it is not known.
   *
   * @param peer who has connected
   */
  @Nullable String of(@Nullable SocketAddress peer, ConversationHeaders said) {
    if (!(peer instanceof InetSocketAddress socket) || socket.getAddress() == null) {
      return null;
    }
    InetAddress client = socket.getAddress();
    String hops = said.forwardedFor();
    boolean standard = hops == null;
    if (standard) {
      hops = said.forwarded();
    }
    if (hops != null && trusts(client)) {
      client = lastUntrusted(hops, standard);
    }
    return client == null ? null : NetUtil.toAddressString(client);
  }

  /** The last that no trusted proxy is; the first where all are; null where it hides. */
  private @Nullable InetAddress lastUntrusted(String hops, boolean standard) {
    InetAddress client = null;
    int end = hops.length();
    while (end > 0) {
      int comma = hops.lastIndexOf(',', end - 1);
      String hop = hops.substring(comma + 1, end);
      client = address(bare(standard ? parameter(hop, "for") : hop));
      if (client == null || !trusts(client)) {
        return client;
      }
      end = comma;
    }
    return client;
  }

  /** The value of a parameter of one element of {@code Forwarded} (RFC 7239); empty for none. */
  private static String parameter(String element, String name) {
    for (String pair : element.split(";", -1)) {
      int equals = pair.indexOf('=');
      if (equals > 0 && pair.substring(0, equals).strip().equalsIgnoreCase(name)) {
        return pair.substring(equals + 1).strip();
      }
    }
    return "";
  }

  /** An address without quotes, brackets and port. */
  private static String bare(String hop) {
    String text = hop.strip();
    if (text.length() > 1 && text.startsWith("\"") && text.endsWith("\"")) {
      text = text.substring(1, text.length() - 1);
    }
    if (text.startsWith("[")) {
      int close = text.indexOf(']');
      return close < 0 ? "" : text.substring(1, close);
    }
    int colon = text.indexOf(':');
    return colon >= 0 && colon == text.lastIndexOf(':') ? text.substring(0, colon) : text;
  }

  /** Whether a trusted proxy says that its client spoke to it over TLS. */
  boolean securely(@Nullable SocketAddress peer, ConversationHeaders said) {
    if (!(peer instanceof InetSocketAddress socket)
        || socket.getAddress() == null
        || !trusts(socket.getAddress())) {
      return false;
    }
    String proto = said.forwardedProto();
    String forwarded = said.forwarded();
    if (proto == null && forwarded != null) {
      proto = parameter(forwarded.substring(forwarded.lastIndexOf(',') + 1), "proto");
    }
    if (proto == null) {
      return false;
    }
    String last = proto.substring(proto.lastIndexOf(',') + 1).strip();
    return last.replace("\"", "").toLowerCase(Locale.ROOT).equals("https");
  }

  private boolean trusts(InetAddress address) {
    InetSocketAddress any = new InetSocketAddress(address, 0);
    for (IpSubnetFilterRule network : trusted) {
      if (network.matches(any)) {
        return true;
      }
    }
    return false;
  }
}
