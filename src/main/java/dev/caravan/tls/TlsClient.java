package dev.caravan.tls;

import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.ssl.SslHandler;

/** Makes what speaks TLS with a server, by the certificates in force then. Safe for any thread. */
@FunctionalInterface
public interface TlsClient {

  /**
   * A handler for one new connection.
   *
   * @param host the name or address that the server's certificate must be for; a name is sent as
   *     SNI
   */
  SslHandler handler(ByteBufAllocator allocator, String host, int port);
}
