package dev.caravan.ingress;

import io.netty.channel.Channel;
import io.netty.channel.socket.SocketChannel;
import io.netty.handler.ssl.SslHandler;

/** Ends our half of a connection, behind what is written already. */
final class HalfClose {

  /** How long a client that is still sending may read its error before the connection closes. */
  private static final long LINGER_MILLIS = 2_000;

  /** The same when the process is about to end. */
  private static final long LAST_LINGER_MILLIS = 100;

  private HalfClose() {}

  /** How long the other half may stay open. */
  static long lingerMillis(Phase phase) {
    return phase == Phase.OVER ? LAST_LINGER_MILLIS : LINGER_MILLIS;
  }

  /** On the connection's event loop. */
  static void of(Channel channel) {
    SslHandler tls = channel.pipeline().get(SslHandler.class);
    if (tls == null) {
      shutdown(channel);
    } else {
      // Without TLS' own end, the client takes the answer for one that was cut.
      tls.closeOutbound().addListener(sent -> shutdown(channel));
    }
  }

  private static void shutdown(Channel channel) {
    if (channel.isActive() && channel instanceof SocketChannel socket) {
      socket.shutdownOutput();
    }
  }
}
