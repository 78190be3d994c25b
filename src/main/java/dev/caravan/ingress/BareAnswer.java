package dev.caravan.ingress;

import dev.caravan.outcome.Outcome;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import java.nio.charset.StandardCharsets;

/** The last answer of a connection on which no request could be read that a reply would answer. */
final class BareAnswer {

  private BareAnswer() {}

  /** Answers a head that never ended, and has it measured and logged like any request. */
  static void toSlowHead(ChannelHandlerContext ctx, HttpIngress ingress) {
    String id = ingress.requestId(null);
    ClientError error =
        ClientError.invalid(408, "The request's head did not arrive in time.", "timeout");
    int bytes = write(ctx, id, error);
    long now = ingress.ticker().nanos();
    ingress.ends().ended(null, id, "other", 408, new Outcome.Completed(408), now, bytes);
  }

  /**
   * Writes an error and that the connection ends with it.
   *
   * @return the bytes of its body
   */
  static int write(ChannelHandlerContext ctx, String requestId, ClientError error) {
    byte[] body = error.json();
    ByteBuf out = ctx.alloc().buffer(320 + body.length);
    Heads.status(out, error.status());
    out.writeCharSequence(
        "content-type: application/json\r\nconnection: close\r\nx-request-id: "
            + requestId
            + "\r\nx-caravan-backend: none\r\nx-caravan-attempts: 0\r\ncontent-length: "
            + body.length
            + "\r\n",
        StandardCharsets.US_ASCII);
    ClientErrors.writeHeaders(out, error);
    out.writeShort('\r' << 8 | '\n');
    out.writeBytes(body);
    ctx.writeAndFlush(out, ctx.voidPromise());
    return body.length;
  }
}
