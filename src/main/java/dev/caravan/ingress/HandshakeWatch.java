package dev.caravan.ingress;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.ssl.ApplicationProtocolNames;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.netty.handler.ssl.SslHandshakeTimeoutException;
import java.nio.channels.ClosedChannelException;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.concurrent.RejectedExecutionException;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLPeerUnverifiedException;
import org.jspecify.annotations.Nullable;

/** Learns how the handshake of one connection ends, and who the client is by it. */
final class HandshakeWatch extends ChannelInboundHandlerAdapter {
  private final SecurePort port;
  private final HttpIngress ingress;
  private boolean over;

  HandshakeWatch(SecurePort port, HttpIngress ingress) {
    this.port = port;
    this.ingress = ingress;
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) throws Exception {
    if (event instanceof SslHandshakeCompletionEvent end) {
      if (end.isSuccess()) {
        done(ctx);
      } else {
        failed(ctx, end.cause());
      }
      return;
    }
    super.userEventTriggered(ctx, event);
  }

  private void done(ChannelHandlerContext ctx) throws CertificateException {
    over = true;
    port.ended(HandshakeEnd.DONE, ctx.channel().remoteAddress(), "");
    SslHandler tls = ctx.pipeline().get(SslHandler.class);
    X509Certificate shown = shown(tls);
    ClientCertificate certificate = shown == null ? null : ClientCertificate.of(shown);
    if (tls != null && ApplicationProtocolNames.HTTP_2.equals(tls.applicationProtocol())) {
      Http2Session.begin(ctx.channel(), ingress, port, certificate);
    } else if (certificate != null) {
      ctx.fireUserEventTriggered(certificate);
    }
  }

  private static @Nullable X509Certificate shown(@Nullable SslHandler tls) {
    // A client that was not asked has no certificate of its own in the session.
    if (tls == null || !(tls.engine().getNeedClientAuth() || tls.engine().getWantClientAuth())) {
      return null;
    }
    try {
      return tls.engine().getSession().getPeerCertificates()[0] instanceof X509Certificate found
          ? found
          : null;
    } catch (SSLPeerUnverifiedException e) {
      return null;
    }
  }

  private void failed(ChannelHandlerContext ctx, Throwable cause) {
    if (!over) {
      over = true;
      HandshakeEnd how = reason(cause);
      port.ended(how, ctx.channel().remoteAddress(), message(cause));
    }
    ctx.close();
  }

  /** What is wrong with TLS is no fault of the gateway, and ends the connection, whenever it is. */
  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    if (!over) {
      failed(ctx, cause);
    } else if (caused(cause, SSLException.class) != null) {
      ctx.close();
    } else {
      ctx.fireExceptionCaught(cause);
    }
  }

  private static HandshakeEnd reason(Throwable cause) {
    if (caused(cause, SslHandshakeTimeoutException.class) != null) {
      return HandshakeEnd.TIMEOUT;
    }
    if (caused(cause, RejectedExecutionException.class) != null) {
      return HandshakeEnd.SHED;
    }
    if (caused(cause, CertificateException.class) != null
        || caused(cause, CertPathValidatorException.class) != null
        || message(cause).contains("Empty client certificate chain")) {
      return HandshakeEnd.CERTIFICATE;
    }
    // An alert that came, rather than one that is sent; newer JDKs put its name before.
    return caused(cause, ClosedChannelException.class) != null
            || message(cause).contains("Received fatal alert")
            || message(cause).contains("closing inbound before")
        ? HandshakeEnd.LEFT
        : HandshakeEnd.FAILED;
  }

  private static String message(Throwable cause) {
    Throwable root = cause;
    while (root.getCause() != null && root.getCause() != root) {
      root = root.getCause();
    }
    return root instanceof ClosedChannelException
        ? "it left during the handshake"
        : String.valueOf(root.getMessage());
  }

  private static @Nullable Throwable caused(Throwable failure, Class<?> by) {
    for (Throwable each = failure; each != null; each = each.getCause()) {
      if (by.isInstance(each)) {
        return each;
      }
      if (each.getCause() == each) {
        return null;
      }
    }
    return null;
  }
}
