package dev.caravan.upstream;

import dev.caravan.time.Deadline;
import dev.caravan.time.Ticker;
import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.HttpClientCodec;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpStatusClass;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.ssl.SslHandler;
import io.netty.resolver.AddressResolverGroup;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * {@link Get} over one connection of its own, which is kept as long as the server's endpoint says
 * and no longer. Follows no redirect. A question on a kept connection that the server closes at
 * that moment is asked once more on a new one. Owned by one event loop, on which all of it runs.
 */
public final class RepeatedGet implements Get {
  private static final int MAX_LINE = 4 * 1024;
  private static final int MAX_HEAD = 32 * 1024;
  private static final int MAX_PART = 16 * 1024;

  private final Target target;
  private final String path;
  private final int maxBody;
  private final long timeoutMillis;
  private final Transport transport;
  private final AddressResolverGroup<InetSocketAddress> resolver;
  private final EventLoop loop;
  private final Ticker ticker;
  private final Deadline deadline;
  private @Nullable Receiver asking;
  private @Nullable Line line;
  private boolean closed;

  /**
   * Nothing is connected yet.
   *
   * @param path begins with a slash; relative to the server's URL, without a {@code /v1} at its end
   * @param maxBody how many bytes of an answer's body are read; a longer one ends the connection
   * @param timeoutMillis from the question to the end of the answer
   */
  public RepeatedGet(
      Target target,
      String path,
      int maxBody,
      long timeoutMillis,
      Transport transport,
      AddressResolverGroup<InetSocketAddress> resolver,
      EventLoop loop,
      Ticker ticker) {
    this.target = target;
    this.path = path;
    this.maxBody = maxBody;
    this.timeoutMillis = timeoutMillis;
    this.transport = transport;
    this.resolver = resolver;
    this.loop = loop;
    this.ticker = ticker;
    this.deadline =
        new Deadline(
            loop, ticker, () -> failed(false, "no answer in " + timeoutMillis + " ms", line));
  }

  @Override
  public void ask(Receiver receiver) {
    assert loop.inEventLoop();
    if (asking != null || closed) {
      return;
    }
    asking = receiver;
    deadline.in(timeoutMillis);
    Line kept = line;
    if (kept != null && kept.usable()) {
      kept.send(true);
      return;
    }
    drop();
    connect();
  }

  @Override
  public void close() {
    assert loop.inEventLoop();
    closed = true;
    asking = null;
    deadline.stop();
    drop();
  }

  private void drop() {
    Line old = line;
    line = null;
    if (old != null) {
      old.close();
    }
  }

  private void connect() {
    Line made = new Line();
    line = made;
    Bootstrap bootstrap =
        new Bootstrap()
            .group(loop)
            .channelFactory(transport.clientChannels())
            .resolver(resolver)
            .option(ChannelOption.TCP_NODELAY, true)
            .option(
                ChannelOption.CONNECT_TIMEOUT_MILLIS,
                (int) Math.min(Integer.MAX_VALUE, timeoutMillis))
            .handler(
                new ChannelInitializer<>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    SslHandler tls = target.tlsHandler(channel.alloc());
                    if (tls != null) {
                      channel.pipeline().addLast(tls);
                    }
                    channel
                        .pipeline()
                        .addLast(new HttpClientCodec(MAX_LINE, MAX_HEAD, MAX_PART), made);
                  }
                });
    ChannelFuture connecting = bootstrap.connect(target.address());
    made.channel = connecting.channel();
    connecting.addListener(
        done -> {
          if (done.isSuccess()) {
            made.send(false);
          } else {
            Throwable cause = done.cause();
            failed(Reasons.refused(cause), Reasons.of(cause), made);
          }
        });
  }

  /** The question of that line is not answered: the line is of no use any more. */
  private void failed(boolean refused, String reason, @Nullable Line which) {
    if (which != null) {
      which.close();
    }
    if (line != which) {
      return;
    }
    line = null;
    Receiver told = asking;
    if (told != null) {
      asking = null;
      deadline.clear();
      told.failed(refused, reason);
    }
  }

  /** One connection. */
  private final class Line extends SimpleChannelInboundHandler<HttpObject> {
    private @Nullable Channel channel;
    private boolean asked;
    private boolean reused;
    private long idleSinceNanos;
    private int status;
    private boolean keepAlive;
    private boolean informational;
    private int read;

    boolean usable() {
      Channel open = channel;
      return open != null
          && open.isActive()
          && ticker.nanos() - idleSinceNanos
              < TimeUnit.MILLISECONDS.toNanos(target.keepAliveMillis());
    }

    void send(boolean again) {
      Channel open = channel;
      if (line != this || asking == null || open == null) {
        close();
        return;
      }
      asked = true;
      reused = again;
      status = 0;
      read = 0;
      open.writeAndFlush(target.get(path))
          .addListener(
              sent -> {
                if (!sent.isSuccess()) {
                  broken(Reasons.of(sent.cause()));
                }
              });
    }

    void close() {
      Channel open = channel;
      if (open != null) {
        open.close();
      }
    }

    @Override
    protected void channelRead0(ChannelHandlerContext context, HttpObject message) {
      if (line != this) {
        return;
      }
      if (!asked || message.decoderResult().isFailure()) {
        failed(false, asked ? "answered something that is not HTTP" : "spoke unasked", this);
        return;
      }
      if (message instanceof HttpResponse response) {
        informational = response.status().codeClass() == HttpStatusClass.INFORMATIONAL;
        status = response.status().code();
        keepAlive = HttpUtil.isKeepAlive(response);
      }
      if (message instanceof HttpContent content && !informational) {
        body(content.content(), message instanceof LastHttpContent);
      }
    }

    private void body(ByteBuf part, boolean last) {
      Receiver told = asking;
      if (told == null) {
        return;
      }
      read += part.readableBytes();
      boolean within = read <= maxBody;
      if (within && status < 300 && part.isReadable()) {
        told.part(part);
      }
      if (last || !within) {
        asking = null;
        asked = false;
        deadline.clear();
        idleSinceNanos = ticker.nanos();
        if (!within || !keepAlive) {
          drop();
        }
        told.answered(status, within);
      }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
      broken("the connection was closed without an answer");
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      broken(Reasons.of(cause));
    }

    private void broken(String reason) {
      if (line == this && reused && asked && status == 0) {
        reused = false;
        close();
        connect();
        return;
      }
      failed(false, reason, this);
    }
  }
}
