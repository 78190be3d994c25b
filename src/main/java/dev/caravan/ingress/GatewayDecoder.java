package dev.caravan.ingress;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.DecoderResult;
import io.netty.handler.codec.http.DefaultLastHttpContent;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpMessage;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpRequestDecoder;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Netty's decoder, stricter where it is lenient, and telling when bytes arrive, so that a head
 * cannot take for ever.
 *
 * <p>Refused beyond what Netty refuses: header lines that go on in the next one (obs-fold), and
 * request lines that are not exactly as {@link RequestLine} says, where Netty takes any white space
 * between the parts, more of it, and odd versions; and the same of the lines of chunks, as {@link
 * ChunkLines} says. A proxy in front may have read any of them differently.
 *
 * @see <a href="https://www.rfc-editor.org/rfc/rfc9112#section-5.2">RFC 9112, 5.2 and 3</a>
 */
final class GatewayDecoder extends HttpRequestDecoder {
  private static final DecoderResult NOT_HTTP =
      DecoderResult.failure(
          new IllegalArgumentException("a fold, or an odd request or chunk line"));

  private final HttpConnection connection;

  /** The port, until its first bytes are here; null where TLS was told from HTTP before. */
  private @Nullable PlainPort fresh;

  /** Whether what is decoded now belongs to a head. */
  private boolean inHead = true;

  /** Whether what follows the head is in chunks. */
  private boolean chunked;

  private final ChunkLines chunks = new ChunkLines();

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
    } else if (chunked && !ambiguous) {
      ambiguous = !chunks.look(in, from, in.readerIndex());
    }
    for (int i = known; i < out.size(); i++) {
      Object part = out.get(i);
      if (ambiguous && part instanceof HttpObject read && read.decoderResult().isSuccess()) {
        fail(out, i, read);
      }
      if (part instanceof HttpMessage head) {
        inHead = false;
        chunked = HttpUtil.isTransferEncodingChunked(head);
        chunks.begin();
      }
      if (part instanceof LastHttpContent) {
        startOfHead();
      }
    }
  }

  private static void fail(List<Object> out, int at, HttpObject read) {
    if (read instanceof LastHttpContent) {
      ReferenceCountUtil.release(read); // often the one that is everybody's, and cannot be changed
      out.set(at, new DefaultLastHttpContent());
    }
    ((HttpObject) out.get(at)).setDecoderResult(NOT_HTTP);
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

  /** Looks at the request line, and what is skipped before it; Netty takes it as a whole. */
  private int requestLine(ByteBuf in, int from, int to) {
    int at = from;
    while (at < to && isLineEnd(in.getByte(at))) {
      at++; // empty lines before a request are allowed
    }
    if (at == to) {
      return to;
    }
    int end = in.indexOf(at, to, (byte) '\n');
    if (end < 0) {
      end = to; // too long, which Netty says
    } else if (in.getByte(end - 1) == '\r') {
      end--;
    }
    if (!RequestLine.isStrict(in, at, end)) {
      ambiguous = true;
      return to;
    }
    inRequestLine = false;
    return Math.min(to, end + 2);
  }

  private static boolean isLineEnd(byte one) {
    return one == '\r' || one == '\n';
  }
}
