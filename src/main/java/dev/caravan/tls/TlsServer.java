package dev.caravan.tls;

import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.ChannelHandler;
import io.netty.handler.ssl.SniHandler;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;

/** Makes what speaks TLS with clients, by the certificates in force then. Safe for any thread. */
public final class TlsServer {
  /** A ClientHello, the pre-shared keys of a resumption in it. */
  private static final int MAX_HELLO = 16 * 1024;

  private final TlsEntry entry;

  TlsServer(TlsEntry entry) {
    this.entry = entry;
  }

  /**
   * A handler for one new connection, which becomes an {@link SslHandler} when the client has said
   * which name it asks for, where names count.
   */
  public ChannelHandler handler(ByteBufAllocator allocator) {
    if (!entry.byName()) {
      return entry.accepting(entry.serving(null), allocator);
    }
    return new SniHandler(
        (host, promise) -> promise.setSuccess(entry.serving(host)),
        MAX_HELLO,
        entry.handshakeMillis()) {
      @Override
      protected SslHandler newSslHandler(SslContext context, ByteBufAllocator alloc) {
        return entry.accepting(context, alloc);
      }
    };
  }
}
