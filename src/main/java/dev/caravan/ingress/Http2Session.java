package dev.caravan.ingress;

import dev.caravan.time.Deadline;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.http2.DefaultHttp2GoAwayFrame;
import io.netty.handler.codec.http2.Http2CodecUtil;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2FrameCodec;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2GoAwayFrame;
import io.netty.handler.codec.http2.Http2MultiplexHandler;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One client's HTTP/2 connection: its streams, how long it may be idle, and its way out. Each
 * stream has a pipeline of its own, with an {@link Http2Exchange} and an {@link HttpConnection}.
 * Lives on the connection's event loop.
 */
final class Http2Session extends ChannelInboundHandlerAdapter {
  /** What RFC 9113 asks for at least (6.5.2), and what browsers and proxies are used to. */
  private static final int MAX_STREAMS = 100;

  /**
   * What a client may send ahead of what was read, for each stream; a long prompt in one flight.
   */
  private static final int WINDOW = 256 * 1024;

  /**
   * Streams that a client may take back, in so many seconds, before its connection is closed; more
   * is the rapid reset of CVE-2023-44487. Netty's own numbers, and the same for what it makes us
   * take back.
   */
  private static final int MAX_RESETS = 200;

  private static final int RESETS_SECONDS = 30;

  /** Answers to pings and settings that a client has not taken, before its connection is closed. */
  private static final int MAX_WAITING = 1_000;

  /** Frames with nothing in them, in a row: of DATA, and of CONTINUATION. */
  private static final int MAX_EMPTY = 2;

  private static final int MAX_CONTINUATIONS = 16;

  /** How long the last bytes of a connection may take. */
  private static final long LAST_MILLIS = 2_000;

  /**
   * What the table of compressed fields holds of answers: whose values are few. A client says how
   * large that table is, so that more would be memory for it to take.
   */
  private static final Set<String> FEW_VALUES = Set.of(":status", "content-type", "cache-control");

  private final HttpIngress ingress;
  private final SecurePort port;
  private final @Nullable ClientCertificate certificate;
  private final Set<Channel> streams = new HashSet<>();
  private @Nullable Deadline deadline;

  /** What this client was told; the port may be a step further, and its word still on its way. */
  private Phase told = Phase.OPEN;

  private Http2Session(
      HttpIngress ingress, SecurePort port, @Nullable ClientCertificate certificate) {
    this.ingress = ingress;
    this.port = port;
    this.certificate = certificate;
  }

  /** Takes the place of HTTP/1.1 on a connection that is counted already. */
  static void begin(
      Channel channel,
      HttpIngress ingress,
      SecurePort port,
      @Nullable ClientCertificate certificate) {
    ChannelPipeline pipeline = channel.pipeline();
    pipeline.remove(GatewayDecoder.class);
    pipeline.remove(HttpConnection.class);
    Http2Session session = new Http2Session(ingress, port, certificate);
    pipeline
        .addLast("http2", codec(ingress.settings()))
        .addLast(
            "streams",
            new Http2MultiplexHandler(
                new ChannelInitializer<>() {
                  @Override
                  protected void initChannel(Channel stream) {
                    session.begin(stream);
                  }
                }))
        .addLast("session", session);
    channel.flush();
  }

  private static Http2FrameCodec codec(HttpSettings settings) {
    return Http2FrameCodecBuilder.forServer()
        .initialSettings(
            new Http2Settings()
                .maxConcurrentStreams(MAX_STREAMS)
                .initialWindowSize(WINDOW)
                .maxHeaderListSize(settings.maxHead()))
        .validateHeaders(true)
        .validateRequiredPseudoHeaders(true)
        .encoderEnforceMaxQueuedControlFrames(MAX_WAITING)
        .decoderEnforceMaxConsecutiveEmptyDataFrames(MAX_EMPTY)
        .decoderEnforceMaxSmallContinuationFrames(MAX_CONTINUATIONS)
        .decoderEnforceMaxRstFramesPerWindow(MAX_RESETS, RESETS_SECONDS)
        .encoderEnforceMaxRstFramesPerWindow(MAX_RESETS, RESETS_SECONDS)
        .headerSensitivityDetector((name, value) -> !FEW_VALUES.contains(name.toString()))
        .gracefulShutdownTimeoutMillis(LAST_MILLIS)
        .build();
  }

  private void begin(Channel stream) {
    stream.config().setWriteBufferWaterMark(GatewayPort.WATER_MARK);
    Http2Exchange exchange = new Http2Exchange(this, ingress.settings().maxLine());
    stream
        .pipeline()
        .addLast("exchange", exchange)
        .addLast("connection", new HttpConnection(ingress, exchange, certificate));
  }

  @Override
  public void handlerAdded(ChannelHandlerContext ctx) {
    Deadline own = new Deadline(ctx.executor(), ingress.ticker(), () -> end(ctx));
    deadline = own;
    own.in(ingress.settings().headMillis());
    if (ingress.draining()) {
      out(ctx, ingress.phase());
    }
  }

  private static void end(ChannelHandlerContext ctx) {
    ctx.channel().close(); // by way of the codec, which says so to the client
  }

  // ---- streams

  void opened(Channel stream) {
    streams.add(stream);
    deadline().clear();
  }

  void closed(Channel stream) {
    streams.remove(stream);
    if (!streams.isEmpty()) {
      return;
    }
    if (told.compareTo(Phase.CLOSED) >= 0) {
      stream.parent().close();
    } else {
      deadline().in(ingress.settings().idleMillis());
    }
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    ReferenceCountUtil.release(message); // settings, pings: the codec has answered them
  }

  // ---- ends

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) throws Exception {
    if (event instanceof Phase phase) {
      for (Channel stream : List.copyOf(streams)) {
        stream.pipeline().fireUserEventTriggered(phase);
      }
      out(ctx, phase);
    } else {
      super.userEventTriggered(ctx, event);
    }
  }

  /**
   * First a word that no new requests are welcome, while those that are on their way are still
   * served; then which was the last (RFC 9113, 6.8).
   */
  private void out(ChannelHandlerContext ctx, Phase phase) {
    told = phase;
    Http2GoAwayFrame goAway = new DefaultHttp2GoAwayFrame(Http2Error.NO_ERROR);
    if (phase == Phase.LEAVING) {
      goAway.setExtraStreamIds(Integer.MAX_VALUE);
    }
    ctx.writeAndFlush(goAway);
    if (phase == Phase.OVER || (phase == Phase.CLOSED && streams.isEmpty())) {
      end(ctx);
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    deadline().stop();
    ingress.closed(ctx.channel(), true);
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    Http2Exception fault = Http2CodecUtil.getEmbeddedHttp2Exception(cause);
    if (fault != null) {
      // The codec says so to the client, and closes.
      port.misbehaved(ctx.channel().remoteAddress(), String.valueOf(fault.getMessage()));
      return;
    }
    if (!(cause instanceof IOException)) {
      ingress.unexpected(cause);
    }
    ctx.channel().close();
  }

  private Deadline deadline() {
    return Objects.requireNonNull(deadline, "not in a pipeline yet");
  }
}
