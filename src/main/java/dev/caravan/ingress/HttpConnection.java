package dev.caravan.ingress;

import dev.caravan.outcome.Outcome;
import dev.caravan.request.Api;
import dev.caravan.request.InvalidRequest;
import dev.caravan.time.Deadline;
import dev.caravan.upstream.Call;
import dev.caravan.upstream.HeaderLines;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.SocketChannel;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/*
 * Requests on one connection are answered in order, one at a time. What a client sends ahead
 * (pipelining) waits, decoded, in a short queue, and reading stops when the queue is full; reading
 * goes on otherwise, because only a read tells that the client has left.
 */

/** One client's connection: reads requests, sends them down the routes, writes the replies. */
final class HttpConnection extends ChannelInboundHandlerAdapter {
  /** Pipelined messages kept before reading stops; chosen without experiment. */
  private static final int MAX_AHEAD = 64;

  /** The most of an unwanted body that is read to keep a connection; beyond, it is closed. */
  private static final int MAX_DISCARD = 1 << 20;

  /** How long a client that is still sending may read its error before the connection closes. */
  private static final long LINGER_MILLIS = 2_000;

  private static final ByteBuf CONTINUE =
      Unpooled.unreleasableBuffer(
          Unpooled.directBuffer()
              .writeBytes("HTTP/1.1 100 Continue\r\n\r\n".getBytes(StandardCharsets.US_ASCII))
              .asReadOnly());

  private enum State {
    /** Between requests, or reading a head. */
    HEAD,
    /** Reading a body. */
    BODY,
    /** A whole request is being answered. */
    ANSWERING,
    /** The last answer is out; waiting for the client to close. */
    LINGER
  }

  private final HttpIngress ingress;
  private final ArrayDeque<Object> ahead = new ArrayDeque<>(4);
  private State state = State.HEAD;
  private @Nullable ChannelHandlerContext context;
  private @Nullable Incoming incoming;
  private @Nullable Reply reply;
  private boolean draining;
  private boolean readingPaused;
  private @Nullable Deadline deadline;
  private boolean headStarted;

  HttpConnection(HttpIngress ingress) {
    this.ingress = ingress;
  }

  @Override
  public void handlerAdded(ChannelHandlerContext ctx) {
    context = ctx;
    deadline = new Deadline(ctx.executor(), ingress.ticker(), this::expired);
  }

  @Override
  public void channelActive(ChannelHandlerContext ctx) {
    ingress.opened(ctx.channel());
    deadline().in(ingress.settings().headMillis());
  }

  // ---- reading

  /** Called by the decoder when bytes arrive: a head has begun. */
  void bytesArrived() {
    if (state == State.HEAD && !headStarted) {
      headStarted = true;
      deadline().in(ingress.settings().headMillis());
    }
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    if (state == State.ANSWERING) {
      ahead.add(message);
      if (ahead.size() >= MAX_AHEAD && !readingPaused) {
        readingPaused = true;
        ctx.channel().config().setAutoRead(false);
      }
      return;
    }
    handle(ctx, message);
  }

  private void handle(ChannelHandlerContext ctx, Object message) {
    if (state == State.LINGER) {
      ReferenceCountUtil.release(message);
      return;
    }
    if (message instanceof HttpRequest request) {
      onHead(ctx, request);
      // A head that was cut short may come with the decoder's own last content.
      if (message instanceof HttpContent content) {
        onContent(ctx, content);
      }
    } else if (message instanceof HttpContent content) {
      onContent(ctx, content);
    } else {
      ReferenceCountUtil.release(message);
    }
  }

  private void onHead(ChannelHandlerContext ctx, HttpRequest request) {
    headStarted = false;
    RequestHead head = RequestHead.of(request, ingress.settings().maxBody());
    PassedHeaders passed = new PassedHeaders();
    HeaderLines lines =
        head.fatal() ? HeaderLines.NONE : ingress.passed().lines(request.headers(), passed);
    Incoming next =
        new Incoming(
            head,
            ingress.requestId(request.headers().get("x-request-id")),
            ingress.ticker().nanos(),
            lines,
            passed);
    incoming = next;
    reply = new Reply(this, ctx, next);
    ingress.begun();
    ClientError error = head.error();
    if (error != null && (head.fatal() || unread(head, error))) {
      answerAndLinger(ctx, error);
      return;
    }
    next.early = error;
    state = State.BODY;
    deadline().in(ingress.settings().bodyMillis());
    if (head.expectsContinue()) {
      ctx.writeAndFlush(CONTINUE.duplicate(), ctx.voidPromise());
    }
  }

  /** Whether the body of a request at fault is not worth waiting for. */
  private static boolean unread(RequestHead head, ClientError error) {
    return head.expectsContinue() || error.status() == 413 || head.contentLength() > MAX_DISCARD;
  }

  private void onContent(ChannelHandlerContext ctx, HttpContent content) {
    Incoming reading = incoming;
    if (state != State.BODY || reading == null) {
      content.release();
      return;
    }
    if (content.decoderResult().isFailure()) {
      content.release();
      answerAndLinger(ctx, ClientError.invalid(400, "The body's framing is not valid.", null));
      return;
    }
    ByteBuf part = content.content();
    reading.received += part.readableBytes();
    boolean unwanted = reading.early != null;
    if (reading.received > (unwanted ? MAX_DISCARD : ingress.settings().maxBody())) {
      content.release();
      ClientError early = reading.early;
      answerAndLinger(ctx, early != null ? early : RequestHead.tooLarge(ingress.settings()));
      return;
    }
    if (part.isReadable() && !unwanted) {
      reading.add(part);
    } else {
      content.release();
    }
    if (content instanceof LastHttpContent) {
      whole(reading);
    }
  }

  private void whole(Incoming request) {
    state = State.ANSWERING;
    deadline().clear();
    Reply to = reply;
    if (to == null) {
      return;
    }
    ClientError early = request.early;
    Api api = request.head.api();
    if (early != null) {
      to.error(early);
    } else if (api != null) {
      infer(api, request, to);
    } else {
      ModelList.answer(ingress.catalog(), request.head.modelId(), to);
    }
  }

  private void infer(Api api, Incoming request, Reply to) {
    ByteBuf body = request.body;
    Call call;
    try {
      call =
          new Call(
              ingress.parser().parse(api, body == null ? Unpooled.EMPTY_BUFFER : body),
              request.requestId,
              (io.netty.channel.EventLoop) ctx().executor(),
              request.lines);
      request.headers.tell(call, request.startNanos, ingress);
    } catch (InvalidRequest fault) {
      to.error(ClientError.of(fault));
      return;
    }
    to.call(call);
    ingress.entry().enter(call, request.headers, to);
  }

  // ---- replying

  /** The reply is written. */
  void replied(
      Reply of, @Nullable Call call, int status, Outcome outcome, long bytesOut, boolean close) {
    Incoming answered = incoming;
    if (answered == null || of != reply) {
      return;
    }
    reply = null;
    incoming = null;
    ingress.over();
    ingress
        .ends()
        .ended(
            call,
            answered.requestId,
            answered.head.pathLabel(),
            outcome instanceof Outcome.ClientGone ? 0 : status,
            outcome,
            answered.startNanos,
            bytesOut);
    answered.releaseBody();
    ChannelHandlerContext ctx = ctx();
    if (!ctx.channel().isActive()) {
      return;
    }
    ctx.flush();
    if (state == State.LINGER) {
      return;
    }
    if (close) {
      // What the client sent ahead is not read, and a plain close would reset the connection
      // before it has read the answer.
      linger(ctx);
      return;
    }
    state = State.HEAD;
    deadline().in(ingress.settings().idleMillis());
    drainAhead(ctx);
  }

  private void drainAhead(ChannelHandlerContext ctx) {
    if (draining) {
      return;
    }
    draining = true;
    try {
      Object message;
      while (state != State.ANSWERING && (message = ahead.poll()) != null) {
        handle(ctx, message);
      }
    } finally {
      draining = false;
    }
    if (readingPaused && ahead.size() < MAX_AHEAD) {
      readingPaused = false;
      ctx.channel().config().setAutoRead(true);
    }
  }

  private void answerAndLinger(ChannelHandlerContext ctx, ClientError error) {
    state = State.LINGER;
    Incoming failed = incoming;
    Reply to = reply;
    if (failed != null && to != null) {
      failed.head.close();
      to.error(error);
    }
    linger(ctx);
  }

  /** Closes our half, and the whole when the client has read it or does not hurry. */
  private void linger(ChannelHandlerContext ctx) {
    state = State.LINGER;
    releaseAhead();
    ctx.flush();
    if (readingPaused) {
      readingPaused = false;
      ctx.channel().config().setAutoRead(true);
    }
    // Our half is closed behind the last byte: to close it at once would throw away what waits.
    deadline().in(ingress.settings().writeMillis());
    ctx.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(written -> halfClose(ctx));
  }

  private void halfClose(ChannelHandlerContext ctx) {
    if (!ctx.channel().isActive()) {
      return;
    }
    if (ctx.channel() instanceof SocketChannel socket) {
      socket.shutdownOutput();
    }
    deadline().in(LINGER_MILLIS);
  }

  /** Ends the connection so that the client cannot take it for the end of the answer. */
  void reset() {
    ctx().close();
  }

  /** The client does not take what is written for it. */
  void stalled() {
    deadline().in(ingress.settings().writeMillis());
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext ctx) {
    Reply running = reply;
    if (state == State.ANSWERING && running != null) {
      boolean writable = ctx.channel().isWritable();
      if (writable) {
        deadline().clear();
      } else {
        stalled();
      }
      running.writable(writable);
    }
  }

  // ---- ends

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    deadline().stop();
    Reply running = reply;
    if (running != null) {
      running.clientGone();
    }
    Incoming read = incoming;
    if (read != null) {
      read.releaseBody();
      incoming = null;
    }
    releaseAhead();
    ingress.closed(ctx.channel());
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    if (!(cause instanceof java.io.IOException)) {
      ingress.unexpected(cause);
      Reply running = reply;
      if (state == State.ANSWERING && running != null && !running.started()) {
        running.error(ClientError.internal());
        return;
      }
    }
    ctx.close();
  }

  private void releaseAhead() {
    Object message;
    while ((message = ahead.poll()) != null) {
      ReferenceCountUtil.release(message);
    }
  }

  // ---- time

  private Deadline deadline() {
    Deadline own = deadline;
    if (own == null) {
      throw new IllegalStateException("not in a pipeline yet");
    }
    return own;
  }

  private void expired() {
    ChannelHandlerContext ctx = ctx();
    if (!ctx.channel().isActive()) {
      return;
    }
    if (state == State.BODY) {
      answerAndLinger(ctx, ClientError.invalid(408, "The body did not arrive in time.", "timeout"));
    } else if (state == State.HEAD && headStarted) {
      slowHead(ctx);
      linger(ctx);
    } else {
      ctx.close();
    }
  }

  /** Answers a head that never ended; there is no request yet that a {@link Reply} could answer. */
  private void slowHead(ChannelHandlerContext ctx) {
    String id = ingress.requestId(null);
    byte[] error =
        ClientError.invalid(408, "The request's head did not arrive in time.", "timeout").json();
    ByteBuf out = ctx.alloc().buffer(320);
    Heads.status(out, 408);
    out.writeCharSequence(
        "content-type: application/json\r\nconnection: close\r\nx-request-id: "
            + id
            + "\r\nx-caravan-backend: none\r\nx-caravan-attempts: 0\r\ncontent-length: "
            + error.length
            + "\r\n\r\n",
        StandardCharsets.US_ASCII);
    out.writeBytes(error);
    ctx.writeAndFlush(out, ctx.voidPromise());
    long now = ingress.ticker().nanos();
    ingress.ends().ended(null, id, "other", 408, new Outcome.Completed(408), now, error.length);
  }

  private ChannelHandlerContext ctx() {
    ChannelHandlerContext ctx = context;
    if (ctx == null) {
      throw new IllegalStateException("not in a pipeline yet");
    }
    return ctx;
  }
}
