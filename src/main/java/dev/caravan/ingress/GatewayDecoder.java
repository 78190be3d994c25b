package dev.caravan.ingress;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.DecoderResult;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpMessage;
import io.netty.handler.codec.http.HttpRequestDecoder;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Netty's decoder, stricter where it is lenient, and telling when bytes arrive, so that a head
 * cannot take for ever.
 *
 * <p>Refused beyond what Netty refuses: header lines that go on in the next one (obs-fold), and
 * control characters in the request line, some of which Netty takes for the space between its
 * parts. A proxy in front may have read either one differently.
 *
 * @see <a href="https://www.rfc-editor.org/rfc/rfc9112#section-5.2">RFC 9112, 5.2 and 3</a>
 */
final class GatewayDecoder extends HttpRequestDecoder {
  private static final DecoderResult NOT_HTTP =
      DecoderResult.failure(new IllegalArgumentException("obs-fold or a control character"));

  private final HttpConnection connection;

  /** The port, until its first bytes are here; null where TLS was told from HTTP before. */
  private @Nullable PlainPort fresh;

  /** Whether what is decoded now belongs to a head; a body's bytes are not looked at. */
  private boolean inHead = true;

  private boolean inRequestLine = true;
  private boolean atLineStart = true;
  private boolean ambiguous;

  GatewayDecoder(HttpDecoderConfig config, HttpConnection connection, @Nullable PlainPort plain) {
    super(config);
    this.connection = connection;
    this.fresh = plain;
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) throws Exception {
    connection.bytesArrived();
    PlainPort plain = fresh;
    if (plain != null) {
      fresh = null;
      if (PlainPort.encrypted(message)) {
        ReferenceCountUtil.release(message);
        plain.misunderstood(ctx.channel().remoteAddress());
        connection.wrongProtocol(ClientErrors.encrypted());
        return;
      }
    }
    super.channelRead(ctx, message);
  }

  @Override
  protected void decode(ChannelHandlerContext ctx, ByteBuf in, List<Object> out) throws Exception {
    int from = in.readerIndex();
    int known = out.size();
    super.decode(ctx, in, out);
    // Netty takes whole lines, and never bytes of a head and of its body in one call.
    if (inHead) {
      look(in, from, in.readerIndex());
    }
    for (int i = known; i < out.size(); i++) {
      Object part = out.get(i);
      if (part instanceof HttpMessage head) {
        if (ambiguous && head.decoderResult().isSuccess()) {
          head.setDecoderResult(NOT_HTTP);
        }
        inHead = false;
      }
      if (part instanceof LastHttpContent) {
        startOfHead();
      }
    }
  }

  private void startOfHead() {
    inHead = true;
    inRequestLine = true;
    atLineStart = true;
    ambiguous = false;
  }

  private void look(ByteBuf in, int from, int to) {
    int at = from;
    while (at < to && !ambiguous) {
      if (inRequestLine) {
        at = requestLine(in, at, to);
        continue;
      }
      byte first = in.getByte(at);
      if (atLineStart && (first == ' ' || first == '\t')) {
        ambiguous = true;
        return;
      }
      int end = in.indexOf(at, to, (byte) '\n');
      atLineStart = end >= 0;
      at = end < 0 ? to : end + 1;
    }
  }

  /** Looks at the request line, and what is skipped before it. */
  private int requestLine(ByteBuf in, int from, int to) {
    for (int at = from; at < to; at++) {
      byte one = in.getByte(at);
      if (atLineStart && (one == '\r' || one == '\n')) {
        continue; // empty lines before a request are allowed
      }
      atLineStart = false;
      if (one == '\n') {
        inRequestLine = false;
        atLineStart = true;
        return at + 1;
      }
      boolean ends = one == '\r' && at + 1 < to && in.getByte(at + 1) == '\n';
      if (!ends && (one == 0x7f || (one >= 0 && one < ' '))) {
        ambiguous = true;
        return to;
      }
    }
    return to;
  }
}
