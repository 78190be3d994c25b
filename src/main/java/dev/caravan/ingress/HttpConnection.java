package dev.caravan.ingress;

import dev.caravan.admission.LoopWatch;
import dev.caravan.admission.Shed;
import dev.caravan.outcome.Outcome;
import dev.caravan.request.Api;
import dev.caravan.request.InvalidRequest;
import dev.caravan.tenant.Standing;
import dev.caravan.time.Deadline;
import dev.caravan.time.Ticker;
import dev.caravan.upstream.Call;
import dev.caravan.upstream.HeaderLines;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One client's connection: requests are read, sent down the routes, answered; one at a time. Or one
 * stream of an HTTP/2 connection, which has one request.
 */
final class HttpConnection extends ChannelInboundHandlerAdapter {
  /** How long a connection without a request stays when nothing new is taken. */
  private static final long LAST_CALL_MILLIS = 1_000;

  private static final String NO_PIPELINE = "not in a pipeline yet";

  private final HttpIngress ingress;
  private final @Nullable Http2Exchange stream;
  private final Ahead ahead = new Ahead();
  private ConnectionState state = ConnectionState.HEAD;
  private @Nullable ChannelHandlerContext context;
  private @Nullable Incoming incoming;
  private @Nullable Reply reply;
  private @Nullable LoopWatch loop;
  private @Nullable Deadline deadline;
  private boolean stays;
  private boolean draining;
  private boolean headStarted;
  private @Nullable ClientCertificate certificate;

  HttpConnection(HttpIngress ingress) {
    this(ingress, null, null);
  }

  /** A stream, of a connection that has shown that certificate; nulls for what is not. */
  HttpConnection(
      HttpIngress ingress,
      @Nullable Http2Exchange stream,
      @Nullable ClientCertificate certificate) {
    this.ingress = ingress;
    this.stream = stream;
    this.certificate = certificate;
  }

  @Override
  public void handlerAdded(ChannelHandlerContext ctx) {
    context = ctx;
    loop = ingress.admission().of(ctx.executor());
    deadline = new Deadline(ctx.executor(), ingress.ticker(), this::expired);
  }

  @Override
  public void channelActive(ChannelHandlerContext ctx) {
    if (stream != null) {
      return; // its head is here, and its connection is counted
    }
    stays = ingress.opened(ctx.channel());
    if (stays) {
      deadline().in(ingress.settings().headMillis());
    } else if (ingress.crowded() || SecurePort.before(ctx)) {
      ctx.close();
    } else {
      BareAnswer.write(ctx, ingress.requestId(null), ClientError.overloaded(Shed.CONNECTIONS));
      linger(ctx);
    }
  }

  // ---- reading

  /** Called by the decoder when bytes arrive: a head has begun. */
  void bytesArrived() {
    if (state == ConnectionState.HEAD && !headStarted) {
      headStarted = true;
      deadline().in(ingress.settings().headMillis());
    }
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    if (state == ConnectionState.ANSWERING) {
      ahead.add(ctx, message);
      return;
    }
    handle(ctx, message);
  }

  private void handle(ChannelHandlerContext ctx, Object message) {
    if (state == ConnectionState.LINGER) {
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
    PassedHeaders passed = new PassedHeaders(certificate);
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
    ClientError error = ingress.begun(next, loop());
    if (error != null && (head.fatal() || head.unread(error, Incoming.MAX_DISCARD))) {
      answerAndLinger(ctx, error);
      return;
    }
    next.early = error;
    if (next.pending != null) {
      next.pending.then(ctx.executor(), who -> told(next, who));
    }
    state = ConnectionState.BODY;
    deadline().in(ingress.settings().bodyMillis());
    if (head.expectsContinue()) {
      ctx.writeAndFlush(Heads.goOn(), ctx.voidPromise());
    }
  }

  private void onContent(ChannelHandlerContext ctx, HttpContent content) {
    Incoming reading = incoming;
    if (state != ConnectionState.BODY || reading == null) {
      content.release();
      return;
    }
    ClientError error = reading.take(content, ingress);
    if (error != null) {
      answerAndLinger(ctx, error);
    } else if (content instanceof LastHttpContent) {
      whole(reading);
    }
  }

  private void whole(Incoming request) {
    state = ConnectionState.ANSWERING;
    deadline().clear();
    Reply to = reply;
    if (to == null) {
      return;
    }
    ClientError early = request.early;
    Api api = request.head.api();
    if (early != null) {
      to.error(early);
    } else if (request.pending != null) {
      return; // goes on when that is known
    } else if (api != null) {
      infer(api, request, to);
    } else {
      ModelList.answer(ingress.catalog(), request.head.modelId(), request.client, to);
    }
  }

  /** It is known now who asks. */
  private void told(Incoming request, Standing who) {
    if (request != incoming || request.pending == null || !ctx().channel().isActive()) {
      return; // its answer is out, or its client gone
    }
    ClientError error = ingress.door().told(request, who);
    if (error != null && request.early == null) {
      request.early = error;
    }
    if (state == ConnectionState.ANSWERING) {
      whole(request);
    }
  }

  private void infer(Api api, Incoming request, Reply to) {
    Call call;
    try {
      call = ingress.call(api, request, ctx().channel());
    } catch (InvalidRequest fault) {
      to.error(ClientError.of(fault));
      return;
    }
    to.call(call);
    ingress.entry().enter(call, request.headers, to);
    to.routed();
  }

  /** The client takes a port with TLS for one without, or the other way round. */
  void wrongProtocol(ClientError why) {
    if (state != ConnectionState.LINGER) {
      BareAnswer.write(ctx(), ingress.requestId(null), why);
      linger(ctx());
    }
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
    ingress.ended(answered, call, status, outcome, bytesOut);
    answered.releaseBody();
    ChannelHandlerContext ctx = ctx();
    if (!ctx.channel().isActive()) {
      return;
    }
    if (stream == null) {
      ctx.flush();
    }
    if (state == ConnectionState.LINGER) {
      return;
    }
    if (close || stream != null || ingress.phase().compareTo(Phase.CLOSED) >= 0) {
      // What the client sent ahead is not read, and a plain close would reset the connection
      // before it has read the answer.
      linger(ctx);
      return;
    }
    state = ConnectionState.HEAD;
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
      while (state != ConnectionState.ANSWERING && (message = ahead.poll()) != null) {
        handle(ctx, message);
      }
    } finally {
      draining = false;
    }
    ahead.read(ctx);
  }

  private void answerAndLinger(ChannelHandlerContext ctx, ClientError error) {
    state = ConnectionState.LINGER;
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
    state = ConnectionState.LINGER;
    ahead.release();
    ahead.read(ctx);
    deadline().in(ingress.settings().writeMillis());
    if (stream != null) {
      stream.end();
      return;
    }
    // Our half is closed behind the last byte: to close it at once would throw away what waits.
    ctx.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(written -> halfClose(ctx));
  }

  private void halfClose(ChannelHandlerContext ctx) {
    if (!ctx.channel().isActive()) {
      return;
    }
    HalfClose.of(ctx.channel());
    deadline().in(HalfClose.lingerMillis(ingress.phase()));
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
    if (state == ConnectionState.ANSWERING && running != null) {
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

  Ticker ticker() {
    return ingress.ticker();
  }

  /** Whether the answer at hand is to be the last of this connection. */
  boolean leaving() {
    return ingress.draining();
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) throws Exception {
    if (event == Phase.CLOSED) {
      if (state == ConnectionState.HEAD && !headStarted) {
        // A request may be on its way: it gets its answer, and the connection is not kept for more.
        deadline().in(Math.min(LAST_CALL_MILLIS, ingress.settings().idleMillis()));
      }
    } else if (event == Phase.OVER) {
      Reply running = reply;
      if (state == ConnectionState.ANSWERING && running != null) {
        running.cut();
      } else if (state == ConnectionState.BODY) {
        answerAndLinger(ctx, ClientErrors.stopping());
      } else if (state == ConnectionState.HEAD) {
        linger(ctx);
      }
    } else if (event instanceof ClientCertificate shown) {
      certificate = shown;
    } else {
      super.userEventTriggered(ctx, event);
    }
  }

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
    ahead.release();
    if (stream == null) {
      ingress.closed(ctx.channel(), stays);
    }
  }

  /** HTTP/2 takes its place. */
  @Override
  public void handlerRemoved(ChannelHandlerContext ctx) {
    deadline().stop();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    if (!(cause instanceof java.io.IOException)) {
      ingress.unexpected(cause);
      Reply running = reply;
      if (state == ConnectionState.ANSWERING && running != null && !running.started()) {
        running.error(ClientError.internal());
        return;
      }
    }
    ctx.close();
  }

  // ---- time

  private Deadline deadline() {
    return Objects.requireNonNull(deadline, NO_PIPELINE);
  }

  private void expired() {
    ChannelHandlerContext ctx = ctx();
    if (!ctx.channel().isActive()) {
      return;
    }
    if (state == ConnectionState.BODY) {
      answerAndLinger(ctx, ClientError.invalid(408, "The body did not arrive in time.", "timeout"));
    } else if (state == ConnectionState.HEAD && headStarted) {
      BareAnswer.toSlowHead(ctx, ingress);
      linger(ctx);
    } else {
      ctx.close();
    }
  }

  private LoopWatch loop() {
    return Objects.requireNonNull(loop, NO_PIPELINE);
  }

  private ChannelHandlerContext ctx() {
    return Objects.requireNonNull(context, NO_PIPELINE);
  }
}
