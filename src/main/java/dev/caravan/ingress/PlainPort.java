package dev.caravan.ingress;

import dev.caravan.time.LogThrottle;
import dev.caravan.time.Ticker;
import io.netty.buffer.ByteBuf;
import java.net.SocketAddress;
import org.jboss.logging.Logger;

/** A port without TLS, which clients may take for one with it. Safe for any thread. */
final class PlainPort {
  private static final Logger LOG = Logger.getLogger("dev.caravan.tls");

  /** With which a record of a handshake begins (RFC 8446, 5.1); no request of HTTP does. */
  private static final byte HANDSHAKE = 0x16;

  private final LogThrottle throttle;

  PlainPort(Ticker ticker) {
    this.throttle = new LogThrottle(ticker);
  }

  /** Whether the first bytes of a connection are TLS. */
  static boolean encrypted(Object first) {
    return first instanceof ByteBuf bytes
        && bytes.isReadable()
        && bytes.getByte(bytes.readerIndex()) == HANDSHAKE;
  }

  /** A client speaks TLS here. */
  void misunderstood(SocketAddress client) {
    int before = throttle.enter();
    if (before >= 0) {
      LOG.warnf(
          "The client at %s speaks TLS, and this port does not (caravan.http.tls)%s",
          client, before == 0 ? "" : " (and " + before + " more)");
    }
  }
}
