package dev.caravan.ingress;

import dev.caravan.time.LogThrottle;
import dev.caravan.time.Ticker;
import dev.caravan.tls.TlsServer;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.handler.codec.http2.Http2StreamChannel;
import io.netty.handler.ssl.SslHandler;
import java.net.SocketAddress;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.LongAdder;
import org.jboss.logging.Logger;

/** TLS in front of the connections of a port. Safe for any thread. */
public final class SecurePort {
  private static final Logger LOG = Logger.getLogger("dev.caravan.tls");

  /** The head of a record, by which TLS is told from anything else. */
  private static final int RECORD_HEAD = 5;

  private final TlsServer tls;
  private final Map<HandshakeEnd, LongAdder> ends = new EnumMap<>(HandshakeEnd.class);
  private final LogThrottle throttle;
  private final LogThrottle faults;

  public SecurePort(TlsServer tls, Ticker ticker) {
    this.tls = tls;
    this.throttle = new LogThrottle(ticker);
    this.faults = new LogThrottle(ticker);
    for (HandshakeEnd end : HandshakeEnd.values()) {
      ends.put(end, new LongAdder());
    }
  }

  private LongAdder counter(HandshakeEnd how) {
    return Objects.requireNonNull(ends.get(how));
  }

  /** How many handshakes have ended so. */
  public long count(HandshakeEnd how) {
    return counter(how).sum();
  }

  /** Puts it before everything else of a new connection. */
  void begin(Channel channel, HttpConnection connection, HttpIngress ingress) {
    channel
        .pipeline()
        .addLast("tls", new FirstBytes(connection))
        .addLast("handshake", new HandshakeWatch(this, ingress));
  }

  /** Whether a client's channel, its connection or a stream of it, is behind TLS. */
  static boolean secures(Channel client) {
    Channel connection = client instanceof Http2StreamChannel ? client.parent() : client;
    return connection.pipeline().get(SslHandler.class) != null;
  }

  /** Whether a connection has TLS to begin with, which an overloaded gateway does not take on. */
  static boolean before(ChannelHandlerContext ctx) {
    return ctx.pipeline().get(HandshakeWatch.class) != null;
  }

  /**
   * A handshake is over.
   *
   * @param why for operators
   */
  void ended(HandshakeEnd how, SocketAddress client, String why) {
    counter(how).increment();
    if (how == HandshakeEnd.DONE) {
      return;
    }
    int before = throttle.enter();
    if (before >= 0) {
      LOG.warnf(
          "No TLS with the client at %s: %s%s",
          client, why, before == 0 ? "" : " (and " + before + " more)");
    }
  }

  /**
   * A client has broken the rules of HTTP/2, and its connection ends.
   *
   * @param why for operators
   */
  void misbehaved(SocketAddress client, String why) {
    int before = faults.enter();
    if (before >= 0) {
      LOG.warnf(
          "The HTTP/2 connection of the client at %s is closed: %s%s",
          client, why, before == 0 ? "" : " (and " + before + " more)");
    }
  }

  /** Tells TLS from plain HTTP. */
  private final class FirstBytes extends ByteToMessageDecoder {
    private final HttpConnection connection;
    private boolean plain;

    FirstBytes(HttpConnection connection) {
      this.connection = connection;
    }

    @Override
    protected void decode(ChannelHandlerContext ctx, ByteBuf in, List<Object> out) {
      if (plain) {
        in.skipBytes(in.readableBytes());
        return;
      }
      if (in.readableBytes() < RECORD_HEAD) {
        return;
      }
      if (SslHandler.isEncrypted(in, false)) {
        ctx.pipeline().replace(this, "tls", tls.handler(ctx.alloc()));
        return;
      }
      plain = true;
      in.skipBytes(in.readableBytes());
      ended(HandshakeEnd.PLAINTEXT, ctx.channel().remoteAddress(), "it speaks plain HTTP");
      connection.wrongProtocol(ClientErrors.plaintext());
    }
  }
}
