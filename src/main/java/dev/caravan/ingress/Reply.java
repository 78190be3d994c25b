package dev.caravan.ingress;

import dev.caravan.outcome.Outcome;
import dev.caravan.outcome.Outcome.Cause;
import dev.caravan.upstream.Answer;
import dev.caravan.upstream.BodySink;
import dev.caravan.upstream.Call;
import dev.caravan.upstream.Chunks;
import dev.caravan.upstream.ResponseHead;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOption;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * The answer to one request, on its way to the client: a relayed one, byte for byte, or an error.
 * Lives on the connection's event loop; exactly one answer is written.
 */
final class Reply implements BodySink {
  private static final byte[] FINAL_ERROR_PREFIX = "\n\ndata: ".getBytes(StandardCharsets.US_ASCII);

  /**
   * Below this, one buffer and one write are cheaper than two buffers and a gathering write: a copy
   * of 4 KiB costs about what one entry of a gathering write costs.
   */
  private static final int SMALL_BYTES = 4096;

  private final HttpConnection connection;
  private final ChannelHandlerContext ctx;
  private final Incoming incoming;
  private @Nullable Call call;
  private @Nullable Answer answer;
  private boolean headPending;
  private boolean chunked;
  private boolean close;
  private boolean done;
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
    ResponseHead head = from.head();
    status = head.status();
    long length = head.contentLength();
    chunked = length < 0 && !incoming.http10();
    close = lastAnswer() || (length < 0 && incoming.http10());
    headPending = true;
    from.attach(this, chunked);
  }

  /**
   * Writes the head, together with the first part of the body where that is small.
   *
   * @param first owned by this method; null where the body is empty
   */
  private void head(@Nullable ByteBuf first) {
    headPending = false;
    Answer from = answer;
    if (from == null) {
      return;
    }
    ResponseHead head = from.head();
    int firstBytes = first == null ? 0 : first.readableBytes();
    boolean together = firstBytes <= SMALL_BYTES;
    ByteBuf out = ctx.alloc().buffer(320 + head.linesLength() + (together ? firstBytes : 0));
    Heads.status(out, status);
    head.writeLinesTo(out);
    ownHeaders(out);
    long length = head.contentLength();
    if (chunked) {
      ascii(out, "transfer-encoding: chunked\r\n");
    } else if (length >= 0 && status != 204 && status != 304) {
      ascii(out, "content-length: ");
      ascii(out, Long.toString(length));
      out.writeShort('\r' << 8 | '\n');
    }
    if (head.eventStream()) {
      ascii(out, "x-accel-buffering: no\r\n");
    }
    if (close) {
      ascii(out, "connection: close\r\n");
    } else if (incoming.http10()) {
      ascii(out, "connection: keep-alive\r\n");
    }
    out.writeShort('\r' << 8 | '\n');
    if (first != null && together) {
      out.writeBytes(first);
      first.release();
      ctx.write(out, ctx.voidPromise());
    } else {
      ctx.write(out, ctx.voidPromise());
      if (first != null) {
        ctx.write(first, ctx.voidPromise());
      }
    }
  }

  private boolean lastAnswer() {
    return !incoming.keepAlive() || connection.leaving();
  }

  private void ownHeaders(ByteBuf out) {
    ascii(out, "x-request-id: ");
    ascii(out, incoming.requestId());
    Call asked = call;
    ascii(out, "\r\nx-caravan-backend: ");
    ascii(
        out,
        asked == null || asked.lease() == null || asked.attempts() == 0
            ? "none"
            : asked.lease().backend().name());
    ascii(out, "\r\nx-caravan-attempts: ");
    ascii(out, asked == null ? "0" : Integer.toString(asked.attempts()));
    out.writeShort('\r' << 8 | '\n');
  }

  private static void ascii(ByteBuf out, String text) {
    out.writeCharSequence(text, StandardCharsets.ISO_8859_1);
  }

  // ---- the body, as the server sends it

  @Override
  public void bytes(ByteBuf part) {
    if (done) {
      part.release();
      return;
    }
    bytesOut += part.readableBytes();
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
    if (from != null && from.head().eventStream() && chunked) {
      byte[] error = why.json();
      byte[] event = new byte[FINAL_ERROR_PREFIX.length + error.length + 2];
      System.arraycopy(FINAL_ERROR_PREFIX, 0, event, 0, FINAL_ERROR_PREFIX.length);
      System.arraycopy(error, 0, event, FINAL_ERROR_PREFIX.length, error.length);
      event[event.length - 2] = '\n';
      event[event.length - 1] = '\n';
      ByteBuf out = ctx.alloc().buffer(event.length + 16);
      Chunks.write(out, event);
      out.writeBytes(Chunks.last());
      ctx.write(out, ctx.voidPromise());
    } else {
      // The length was promised and cannot be kept: only an early end tells the client. Where the
      // end of the connection is that of the body, only a reset does.
      close = true;
      if (from != null && !chunked && from.head().contentLength() < 0) {
        ctx.channel().config().setOption(ChannelOption.SO_LINGER, 0);
        connection.reset();
      }
    }
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
    status = error.status();
    json(error.json(), error);
    finish(outcome);
  }

  /** Answers with JSON of our own. */
  void ok(byte[] json) {
    if (done) {
      return;
    }
    status = 200;
    json(json, null);
    finish(new Outcome.Completed(200));
  }

  private void json(byte[] body, @Nullable ClientError error) {
    close = lastAnswer();
    ByteBuf out = ctx.alloc().buffer(320 + body.length);
    Heads.status(out, status);
    ascii(out, "content-type: application/json\r\ncontent-length: ");
    ascii(out, Integer.toString(body.length));
    out.writeShort('\r' << 8 | '\n');
    ownHeaders(out);
    if (error != null) {
      ClientErrors.writeHeaders(out, error);
    }
    if (close) {
      ascii(out, "connection: close\r\n");
    } else if (incoming.http10()) {
      ascii(out, "connection: keep-alive\r\n");
    }
    out.writeShort('\r' << 8 | '\n');
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
