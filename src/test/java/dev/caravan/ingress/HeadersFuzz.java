package dev.caravan.ingress;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dev.caravan.request.InvalidRequest;
import dev.caravan.request.RequestId;
import dev.caravan.upstream.HeaderLines;
import dev.caravan.upstream.TraceContext;
import io.netty.handler.codec.http.DefaultHttpHeadersFactory;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/**
 * A fuzz target: any text as the value of each header that the gateway reads. No cookie but one of
 * its own counts; an address is one; what is taken over into logs and other heads is plain.
 */
public final class HeadersFuzz {
  private static final ConversationCookie COOKIE =
      new ConversationCookie(
          "caravan",
          List.of("0123456789abcdef0123456789abcdef"),
          0,
          id -> Arrays.fill(id, (byte) 7));

  /** The one that the gateway has made; seeds have it. */
  static final String OWN = COOKIE.next();

  private static final ClientAddress ADDRESSES = new ClientAddress(List.of("127.0.0.0/8", "::1"));
  private static final HeaderAllowList LIST =
      new HeaderAllowList(List.of("x-a"), List.of("x-key"), Set.of(), Set.of(), List.of());

  private HeadersFuzz() {}

  /** What Jazzer calls. */
  public static void fuzzerTestOneInput(byte[] bytes) {
    String text = new String(bytes, ISO_8859_1);
    cookie(text);
    address(text);
    trace(text);
    own(text);
    if (RequestId.isAcceptable(text) && !text.matches("[!-~]{1,128}")) {
      throw new AssertionError("not a plain id: " + text);
    }
    if (Authority.isHost(text) && !text.matches("[!-~]*")) {
      throw new AssertionError("not a plain host: " + text);
    }
  }

  private static void cookie(String text) {
    String found = COOKIE.in(text);
    if (found != null
        && !ConversationCookie.conversation(found).equals(ConversationCookie.conversation(OWN))) {
      throw new AssertionError("forged: " + found);
    }
  }

  private static void address(String text) {
    InetSocketAddress peer = new InetSocketAddress(InetAddress.getLoopbackAddress(), 1);
    for (String header : List.of(ConversationFinder.FORWARDED, ConversationFinder.FORWARDED_FOR)) {
      ConversationHeaders said = new ConversationHeaders();
      said.other(header, text);
      String address = ADDRESSES.of(peer, said);
      if (address != null && NetUtil.createByteArrayFromIpAddressString(address) == null) {
        throw new AssertionError("no address: " + address);
      }
      said.other(ConversationFinder.FORWARDED_PROTO, text);
      ADDRESSES.securely(peer, said);
    }
  }

  private static void trace(String text) {
    int comma = text.indexOf(',');
    TraceContext trace =
        comma < 0
            ? TraceContext.of(text, text)
            : TraceContext.of(text.substring(0, comma), text.substring(comma + 1));
    if (!(trace.parent() + trace.state()).matches("[\\t -~]*")
        || (trace.known() && !trace.traceId().matches("[0-9a-f]{32}"))) {
      throw new AssertionError("not plain: " + trace);
    }
  }

  /** As headers of a message, where no HTTP decoder has looked at them. */
  private static void own(String text) {
    HttpHeaders all = DefaultHttpHeadersFactory.headersFactory().withValidation(false).newHeaders();
    PassedHeaders said = new PassedHeaders();
    try {
      Asked.check("x-a", text);
      all.add("X-A", text);
    } catch (InvalidRequest refused) {
      // So it goes nowhere.
    }
    all.add("x-key", text).add("x-other", text);
    HeaderLines lines = LIST.lines(all, said);
    String sent = said.asMap().toString();
    if (sent.indexOf('\r') >= 0 || sent.indexOf('\n') >= 0 || lines == null) {
      throw new AssertionError("a line break");
    }
    OwnHeaders own = new OwnHeaders();
    OwnHeaders.NAMES.forEach(name -> own.add(name, text));
    try {
      if (own.limits(60_000).any() && own.retries() < 0) {
        throw new AssertionError("a negative number");
      }
    } catch (InvalidRequest refused) {
      // No number from 1 to 60,000.
    }
  }
}
