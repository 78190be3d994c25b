package dev.caravan.ingress;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.DefaultLastHttpContent;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.codec.http2.DefaultHttp2DataFrame;
import io.netty.handler.codec.http2.DefaultHttp2HeadersFrame;
import io.netty.handler.codec.http2.DefaultHttp2ResetFrame;
import io.netty.handler.codec.http2.Http2DataFrame;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2HeadersFrame;
import io.netty.util.ReferenceCountUtil;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One stream of an HTTP/2 connection, so that what is behind it sees one request of HTTP/1.1, and
 * answers it as such. Before the {@link HttpConnection} in the stream's own pipeline, on the
 * connection's event loop.
 *
 * <p>The end of the stream is sent by {@link #end} and not with the last byte: a stream that is
 * closed on both sides looks like a client that has left.
 */
final class Http2Exchange extends ChannelDuplexHandler implements AnswerFrames.Output {
  private final Http2Session session;
  private final int maxLine;
  private final AnswerFrames answer = new AnswerFrames(this);
  private @Nullable ChannelHandlerContext context;
  private boolean begun;
  private boolean requestWhole;
  private boolean ended;

  Http2Exchange(Http2Session session, int maxLine) {
    this.session = session;
    this.maxLine = maxLine;
  }

  @Override
  public void handlerAdded(ChannelHandlerContext ctx) {
    context = ctx;
  }

  @Override
  public void channelActive(ChannelHandlerContext ctx) {
    session.opened(ctx.channel());
    ctx.fireChannelActive();
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    ctx.fireChannelInactive();
    session.closed(ctx.channel());
  }

  // ---- what the client sends

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    if (message instanceof Http2HeadersFrame head) {
      requestWhole |= head.isEndStream();
      if (begun) {
        ctx.fireChannelRead(LastHttpContent.EMPTY_LAST_CONTENT); // trailers, which nobody reads
      } else {
        begun = true;
        head(ctx, head);
      }
    } else if (message instanceof Http2DataFrame data) {
      requestWhole |= data.isEndStream();
      ByteBuf part = data.content();
      ctx.fireChannelRead(
          data.isEndStream() ? new DefaultLastHttpContent(part) : new DefaultHttpContent(part));
    } else {
      ReferenceCountUtil.release(message);
    }
  }

  private void head(ChannelHandlerContext ctx, Http2HeadersFrame head) {
    CharSequence method = head.headers().method();
    if (method != null && method.toString().equals("HEAD")) {
      answer.headOnly();
    }
    ctx.fireChannelRead(Http2Head.of(head.headers(), head.isEndStream(), maxLine));
    if (head.isEndStream()) {
      ctx.fireChannelRead(LastHttpContent.EMPTY_LAST_CONTENT);
    }
  }

  /** What is wrong with the stream is its client's fault, and resets it; Netty does that. */
  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    if (!(cause instanceof Http2Exception)) {
      ctx.fireExceptionCaught(cause);
    }
  }

  // ---- what it is answered

  @Override
  public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
    if (message instanceof ByteBuf bytes) {
      answer.pass(bytes);
      if (!promise.isVoid()) {
        promise.setSuccess();
      }
    } else {
      ctx.write(message, promise);
    }
  }

  @Override
  public void head(Http2Headers head) {
    ctx().write(new DefaultHttp2HeadersFrame(head), ctx().voidPromise());
  }

  @Override
  public void data(ByteBuf part) {
    ctx().write(new DefaultHttp2DataFrame(part), ctx().voidPromise());
  }

  /**
   * Nothing more is written. An answer that is not whole is reset, so that the client cannot take
   * it for one; a request that is not whole is asked for no more.
   */
  void end() {
    if (ended) {
      return;
    }
    ended = true;
    if (!ctx().channel().isActive()) {
      return;
    }
    if (answer.whole()) {
      ctx()
          .writeAndFlush(new DefaultHttp2DataFrame(true))
          .addListener(
              sent -> {
                if (!requestWhole) {
                  reset(Http2Error.NO_ERROR);
                }
              });
    } else {
      reset(Http2Error.INTERNAL_ERROR);
    }
  }

  private void reset(Http2Error why) {
    if (ctx().channel().isActive()) {
      ctx().writeAndFlush(new DefaultHttp2ResetFrame(why));
    }
  }

  private ChannelHandlerContext ctx() {
    return Objects.requireNonNull(context, "not in a pipeline yet");
  }
}
