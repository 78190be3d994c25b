package dev.caravan.ingress;

import dev.caravan.outcome.Outcome;
import dev.caravan.outcome.Outcome.Cause;
import dev.caravan.upstream.Answer;
import dev.caravan.upstream.BodySink;
import dev.caravan.upstream.Call;
import dev.caravan.upstream.Chunks;
import dev.caravan.upstream.InLine;
import dev.caravan.upstream.ResponseHead;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOption;
import org.jspecify.annotations.Nullable;

/**
 * The answer to one request, on its way to the client: a relayed one, byte for byte, or an error.
 * Lives on the connection's event loop; exactly one answer is written.
 */
final class Reply implements BodySink {
  private final HttpConnection connection;
  private final ChannelHandlerContext ctx;
  private final Incoming incoming;
  private @Nullable Call call;
  private @Nullable Answer answer;
  private boolean headPending;
  private boolean chunked;
  private boolean close;
  private boolean done;

  /** Whether the client has the head of a stream that no server had begun. */
  private boolean opened;

  private @Nullable Pings pings;
  private int status;
  private long bytesOut;

  Reply(HttpConnection connection, ChannelHandlerContext ctx, Incoming incoming) {
    this.connection = connection;
    this.ctx = ctx;
    this.incoming = incoming;
  }

  void call(Call asked) {
    call = asked;
  }

  /** Relays what a server answers. */
  void relay(Answer from) {
    if (done) {
      return;
    }
    answer = from;
    routed();
    ResponseHead head = from.head();
    if (opened) {
      boolean stream = head.eventStream() && head.status() < 300;
      from.attach(stream ? this : new InBand(this, head.status()), stream);
      return;
    }
    status = head.status();
    long length = head.contentLength();
    chunked = length < 0 && !incoming.http10();
    close = lastAnswer() || (length < 0 && incoming.http10());
    headPending = true;
    from.attach(this, chunked);
  }

  private void head(@Nullable ByteBuf first) {
    headPending = false;
    Answer from = answer;
    if (from != null) {
      ReplyHead.relay(ctx, incoming, call, from.head(), chunked, close, first);
    }
  }

  private boolean lastAnswer() {
    return !incoming.keepAlive() || connection.leaving();
  }

  // ---- silence

  /** The routes have it: from now on its pool may say that silence is to be broken. */
  void routed() {
    Call asked = call;
    if (pings == null && !done && asked != null && asked.request().stream()) {
      long millis = asked.policy().pingMillis();
      if (millis > 0 && !incoming.http10()) {
        pings = new Pings(ctx.executor(), connection.ticker(), millis, this::quiet);
      }
    }
  }

  private void quiet() {
    Pings own = pings;
    if (own == null || done) {
      return;
    }
    if (answer == null) {
      if (!opened) {
        opened = true;
        chunked = true;
        status = 200;
        close = lastAnswer();
        ctx.write(ReplyHead.stream(ctx, incoming, call, close), ctx.voidPromise());
      }
    } else if (!opened && !streaming()) {
      return; // no place for a comment will come
    } else if (headPending) {
      head(null);
    }
    own.again();
    if (own.fits() && ctx.channel().isWritable()) {
      InLine place = call == null ? null : call.inLine();
      ByteBuf ping = place == null ? Pings.ping() : Pings.queued(ctx.alloc(), place);
      bytesOut += ping.readableBytes();
      ctx.write(ping, ctx.voidPromise());
      flush();
    }
  }

  /** Whether the client is sent, or is about to be sent, the chunks of an event stream. */
  private boolean streaming() {
    Answer from = answer;
    return chunked && from != null && from.head().eventStream();
  }

  // ---- the body, as the server sends it

  @Override
  public void bytes(ByteBuf part) {
    if (done) {
      part.release();
      return;
    }
    bytesOut += part.readableBytes();
    if (pings != null && chunked) {
      pings.passed(part);
    }
    if (headPending) {
      head(part);
    } else {
      ctx.write(part, ctx.voidPromise());
    }
  }

  @Override
  public void flush() {
    if (done) {
      return;
    }
    ctx.flush();
    if (pings != null) {
      pings.again();
    }
    if (!ctx.channel().isWritable()) {
      connection.stalled();
      pause(true);
    }
  }

  /** The client takes more, or no more for now. */
  void writable(boolean now) {
    pause(!now);
  }

  private void pause(boolean now) {
    Answer from = answer;
    if (from != null && !done) {
      from.pause(now);
    }
  }

  @Override
  public void end() {
    if (headPending) {
      head(null);
    }
    Answer from = answer;
    if (opened && from != null && from.head().contentLength() >= 0) {
      ctx.write(Chunks.last(), ctx.voidPromise()); // its length was not for the client
    }
    finish(new Outcome.Completed(status));
  }

  @Override
  public void broken(Outcome how) {
    broken(how, ClientErrors.midStream(how));
  }

  private void broken(Outcome how, ClientError why) {
    if (done) {
      return;
    }
    if (headPending) {
      // Nothing has reached the client: it can still have a status.
      headPending = false;
      answer = null;
      error(why, how);
      return;
    }
    Answer from = answer;
    if (opened || streaming()) {
      inBand(why.json(), how);
      return;
    }
    // The length was promised and cannot be kept: only an early end tells the client. Where the
    // end of the connection is that of the body, only a reset does.
    close = true;
    if (from != null && !chunked && from.head().contentLength() < 0) {
      ctx.channel().config().setOption(ChannelOption.SO_LINGER, 0);
      connection.reset();
    }
    finish(how);
  }

  /** Ends a stream with an error as its last event. */
  void inBand(byte[] error, Outcome how) {
    if (done) {
      return;
    }
    ByteBuf out = ctx.alloc().buffer(error.length + 32);
    InBand.write(out, error);
    bytesOut += out.readableBytes();
    ctx.write(out, ctx.voidPromise());
    finish(how);
  }

  // ---- everything else

  /** Answers with an error, if nothing was answered yet. */
  void error(ClientError error) {
    error(error, outcomeOf(error));
  }

  private static Outcome outcomeOf(ClientError error) {
    return error.status() < 500
        ? new Outcome.Completed(error.status())
        : new Outcome.Refused(error.message());
  }

  void error(ClientError error, Outcome outcome) {
    if (done) {
      return;
    }
    if (opened) {
      inBand(error.json(), outcome);
      return;
    }
    status = error.status();
    json(error.json(), error);
    finish(outcome);
  }

  /** Answers with JSON of our own. */
  void ok(byte[] json) {
    if (done) {
      return;
    }
    if (opened) {
      inBand(ClientErrors.noStream(200).json(), new Outcome.Completed(200));
      return;
    }
    status = 200;
    json(json, null);
    finish(new Outcome.Completed(200));
  }

  private void json(byte[] body, @Nullable ClientError error) {
    close = lastAnswer();
    ByteBuf out = ReplyHead.json(ctx, incoming, call, status, body.length, error, close);
    if (!incoming.headOnly()) {
      out.writeBytes(body);
      bytesOut = body.length;
    }
    ctx.write(out, ctx.voidPromise());
  }

  /** The gateway stops and does not wait for the rest of the answer. */
  void cut() {
    String detail = "the gateway is stopping";
    if (answer == null) {
      error(ClientErrors.stopping(), new Outcome.FailedBefore(Cause.GATEWAY, detail));
    } else {
      broken(
          headPending
              ? new Outcome.FailedBefore(Cause.GATEWAY, detail)
              : new Outcome.FailedAfter(Cause.GATEWAY, detail),
          headPending ? ClientErrors.stopping() : ClientErrors.cut());
    }
  }

  /** The client is gone: whatever runs for it is stopped. */
  void clientGone() {
    if (done) {
      return;
    }
    Call asked = call;
    Outcome how = new Outcome.ClientGone(answer != null);
    if (asked != null) {
      asked.abandon();
    }
    if (!done) {
      finish(how);
    }
  }

  private void finish(Outcome outcome) {
    if (done) {
      return;
    }
    done = true;
    if (pings != null) {
      pings.stop();
    }
    Call asked = call;
    if (asked != null) {
      asked.end(outcome);
    }
    connection.replied(this, asked, status, outcome, bytesOut, close);
  }

  /** Whether some of the answer is written. */
  boolean started() {
    return status != 0;
  }
}
