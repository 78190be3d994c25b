package dev.caravan.upstream;

import dev.caravan.fleet.Lease;
import dev.caravan.outcome.Outcome;
import dev.caravan.outcome.Outcome.Cause;
import dev.caravan.time.Ticker;
import dev.caravan.time.WallClock;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.handler.ssl.SslHandler;
import io.netty.resolver.AddressResolverGroup;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;

/**
 * Sends calls to model servers over HTTP/1.1, each on the event loop that its client is on, so that
 * a token crosses no thread. Safe for any thread; a call is sent from its own loop.
 */
public final class UpstreamClient {
  private final Transport transport;
  private final AddressResolverGroup<InetSocketAddress> resolver;
  private final Ticker ticker;
  private final WallClock clock;

  public UpstreamClient(
      Transport transport,
      AddressResolverGroup<InetSocketAddress> resolver,
      Ticker ticker,
      WallClock clock) {
    this.transport = transport;
    this.resolver = resolver;
    this.ticker = ticker;
    this.clock = clock;
  }

  /**
   * Sends a call to a server and tells {@code receiver} what came of it. Where the call holds a
   * lease, the lease is closed when the attempt ends.
   */
  public void send(Target target, Call call, AnswerReceiver receiver) {
    assert call.loop().inEventLoop();
    if (call.abandoned() || call.expired()) {
      // A step before this one took its time, and nobody wants the answer any more.
      refuse(call, receiver);
      return;
    }
    Transfer transfer = new Transfer(this, target, call, receiver, ticker);
    Lease lease = call.lease();
    if (lease != null) {
      lease.operation(call.request().api().operation());
      Trace trace = call.trace();
      if (trace != null) {
        lease.trace(trace.attempt(call, lease, target));
      }
    }
    call.sent(transfer);
    Connection idle = target.pool(call.loop()).take();
    if (idle != null) {
      transfer.send(idle, true);
    } else {
      connect(transfer);
    }
  }

  private static void refuse(Call call, AnswerReceiver receiver) {
    Outcome how = call.abandoned() ? new Outcome.ClientGone(false) : call.expiry();
    Lease held = call.lease();
    if (held != null) {
      held.close(how);
    }
    receiver.failed(how);
  }

  /** The clock that attempts are measured by. */
  public Ticker ticker() {
    return ticker;
  }

  /** For what servers say of the time of day. */
  WallClock clock() {
    return clock;
  }

  /** Sends on a new connection. */
  void connect(Transfer transfer) {
    Target target = transfer.target();
    EventLoop loop = transfer.call().loop();
    long connectMillis = Limits.connectMillis(transfer.limits());
    Bootstrap bootstrap =
        new Bootstrap()
            .group(loop)
            .channelFactory(transport.clientChannels())
            .resolver(resolver)
            .option(ChannelOption.TCP_NODELAY, true)
            .option(ChannelOption.SO_KEEPALIVE, true)
            .option(
                ChannelOption.CONNECT_TIMEOUT_MILLIS,
                (int) Math.min(Integer.MAX_VALUE, connectMillis));
    transport.levelTriggered(bootstrap);
    bootstrap.handler(
        new ChannelInitializer<>() {
          @Override
          protected void initChannel(Channel channel) {
            SslHandler tls = target.tlsHandler(channel.alloc());
            if (tls != null) {
              tls.setHandshakeTimeout(connectMillis, TimeUnit.MILLISECONDS);
              channel.pipeline().addLast("tls", tls);
            }
            channel
                .pipeline()
                .addLast("http", new Connection(channel, target.pool(loop), target, ticker));
          }
        });
    ChannelFuture connecting = bootstrap.connect(target.address());
    connecting.addListener(
        done -> {
          if (done.isSuccess()) {
            connected(connecting.channel(), transfer);
          } else {
            boolean refused = Reasons.refused(done.cause());
            transfer.unconnected(refused ? Cause.REFUSED : Cause.CONNECT, Reasons.of(done.cause()));
          }
        });
  }

  private static void connected(Channel channel, Transfer transfer) {
    Connection connection = channel.pipeline().get(Connection.class);
    SslHandler tls = channel.pipeline().get(SslHandler.class);
    if (tls == null) {
      transfer.send(connection, false);
      return;
    }
    tls.handshakeFuture()
        .addListener(
            shaken -> {
              if (shaken.isSuccess()) {
                transfer.send(connection, false);
              } else {
                channel.close();
                transfer.unconnected(Cause.TLS, Reasons.of(shaken.cause()));
              }
            });
  }
}
