package dev.caravan.ingress;

import dev.caravan.fleet.Lease;
import dev.caravan.limit.Reservation;
import dev.caravan.upstream.Call;
import dev.caravan.upstream.Chunks;
import dev.caravan.upstream.Explained;
import dev.caravan.upstream.ResponseHead;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Writes the heads of answers. */
final class ReplyHead {

  /** What a head takes beside a server's own lines and what is told of limits, mostly. */
  private static final int HEAD_BYTES = 320;

  private ReplyHead() {}

  /**
   * Writes the head of an answer that is relayed, together with the first part of the body where
   * that is small.
   *
   * @param first owned by this method; null where the body is empty
   */
  static void relay(
      ChannelHandlerContext ctx,
      Incoming incoming,
      @Nullable Call call,
      ResponseHead head,
      boolean chunked,
      boolean close,
      @Nullable ByteBuf first) {
    int firstBytes = first == null ? 0 : first.readableBytes();
    boolean together = firstBytes <= Chunks.SMALL_BYTES;
    int room = together ? firstBytes : 0;
    ByteBuf out = relayed(ctx, incoming, call, head, chunked, close, room);
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

  private static ByteBuf relayed(
      ChannelHandlerContext ctx,
      Incoming incoming,
      @Nullable Call call,
      ResponseHead head,
      boolean chunked,
      boolean close,
      int room) {
    int status = head.status();
    boolean rates = call != null && call.reservation() != null;
    int more = rates ? RateHeaders.MOST_BYTES : 0;
    ByteBuf out = ctx.alloc().buffer(HEAD_BYTES + more + head.linesLength() + room);
    Heads.status(out, status);
    if (rates) {
      head.writeLinesWithoutRates(out);
    } else {
      head.writeLinesTo(out);
    }
    own(out, incoming, call);
    long length = head.contentLength();
    if (chunked) {
      ascii(out, "transfer-encoding: chunked\r\n");
    } else if (length >= 0 && status != 204 && status != 304) {
      ascii(out, "content-length: ");
      Decimal.write(out, length);
      out.writeShort('\r' << 8 | '\n');
    }
    if (head.eventStream()) {
      ascii(out, "x-accel-buffering: no\r\n");
    }
    return end(out, incoming, close);
  }

  /** The head of an answer in JSON of our own. */
  static ByteBuf json(
      ChannelHandlerContext ctx,
      Incoming incoming,
      @Nullable Call call,
      int status,
      int length,
      @Nullable ClientError error,
      boolean close) {
    ByteBuf out = ctx.alloc().buffer(HEAD_BYTES + length);
    Heads.status(out, status);
    ascii(out, "content-type: application/json\r\ncontent-length: ");
    Decimal.write(out, length);
    out.writeShort('\r' << 8 | '\n');
    own(out, incoming, call);
    if (error != null) {
      ClientErrors.writeHeaders(out, error);
    }
    return end(out, incoming, close);
  }

  /** The head of a stream of which no server has sent anything yet. */
  static ByteBuf stream(
      ChannelHandlerContext ctx, Incoming incoming, @Nullable Call call, boolean close) {
    ByteBuf out = ctx.alloc().buffer(HEAD_BYTES);
    Heads.status(out, 200);
    ascii(out, "content-type: text/event-stream\r\ncache-control: no-cache\r\nx-request-id: ");
    ascii(out, incoming.requestId());
    ascii(out, "\r\nx-caravan-backend: none\r\ntransfer-encoding: chunked\r\n");
    ascii(out, "x-accel-buffering: no\r\n");
    rates(out, call);
    return end(out, incoming, close);
  }

  private static void own(ByteBuf out, Incoming incoming, @Nullable Call asked) {
    Lease lease = asked == null || asked.attempts() == 0 ? null : asked.lease();
    ascii(out, "x-request-id: ");
    ascii(out, incoming.requestId());
    ascii(out, "\r\nx-caravan-backend: ");
    ascii(out, lease == null ? "none" : lease.backend().name());
    ascii(out, "\r\nx-caravan-attempts: ");
    Decimal.write(out, asked == null ? 0 : asked.attempts());
    out.writeShort('\r' << 8 | '\n');
    rates(out, asked);
    Explained explained = asked == null ? null : asked.explained();
    if (explained != null && !explained.empty()) {
      ascii(out, OwnHeaders.EXPLAIN + ": ");
      ascii(out, explained.line());
      out.writeShort('\r' << 8 | '\n');
    }
    String affinity = lease == null ? null : lease.affinity();
    if (affinity != null) {
      ascii(out, "x-caravan-affinity: ");
      ascii(out, affinity);
      out.writeShort('\r' << 8 | '\n');
    }
  }

  private static void rates(ByteBuf out, @Nullable Call asked) {
    Reservation reserved = asked == null ? null : asked.reservation();
    if (reserved != null) {
      RateHeaders.write(out, reserved);
    }
  }

  private static ByteBuf end(ByteBuf out, Incoming incoming, boolean close) {
    String cookie = incoming.cookieLine;
    if (cookie != null) {
      ascii(out, cookie);
    }
    if (close) {
      ascii(out, "connection: close\r\n");
    } else if (incoming.http10()) {
      ascii(out, "connection: keep-alive\r\n");
    }
    return out.writeShort('\r' << 8 | '\n');
  }

  private static void ascii(ByteBuf out, String text) {
    out.writeCharSequence(text, StandardCharsets.ISO_8859_1);
  }
}
