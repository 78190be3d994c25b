package dev.caravan.upstream;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;

/** HTTP/1.1 chunks, as they stand on the wire (RFC 9112, 7.1). */
public final class Chunks {
  private static final ByteBuf CRLF = constant("\r\n");
  private static final ByteBuf LAST = constant("0\r\n\r\n");

  private Chunks() {}

  private static ByteBuf constant(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
    return Unpooled.unreleasableBuffer(
        Unpooled.directBuffer(bytes.length).writeBytes(bytes).asReadOnly());
  }

  /** The chunk that ends a body. */
  public static ByteBuf last() {
    return LAST.duplicate();
  }

  /** Passes {@code payload} as one chunk, in three parts. */
  static void frame(ByteBuf payload, BodyFramer.Output out) {
    ByteBuf size = payload.alloc().buffer(10);
    writeHex(size, payload.readableBytes());
    size.writeShort('\r' << 8 | '\n');
    out.pass(size);
    out.pass(payload);
    out.pass(CRLF.duplicate());
  }

  /** Passes {@code payload}, which is now the sink's, as one chunk, in three parts. */
  public static void frame(ByteBuf payload, BodySink to) {
    ByteBuf size = payload.alloc().buffer(10);
    writeHex(size, payload.readableBytes());
    size.writeShort('\r' << 8 | '\n');
    to.bytes(size);
    to.bytes(payload);
    to.bytes(CRLF.duplicate());
  }

  /** Appends {@code text}, in ASCII or UTF-8 bytes, to {@code to} as one chunk. */
  public static void write(ByteBuf to, byte[] text) {
    write(to, text, 0, text.length);
  }

  /** As {@link #write(ByteBuf, byte[])}, for a part of an array. */
  public static void write(ByteBuf to, byte[] text, int from, int length) {
    writeHex(to, length);
    to.writeShort('\r' << 8 | '\n').writeBytes(text, from, length).writeShort('\r' << 8 | '\n');
  }

  private static void writeHex(ByteBuf to, int value) {
    int shift = 28 - (Integer.numberOfLeadingZeros(value | 1) & ~3);
    for (; shift >= 0; shift -= 4) {
      to.writeByte("0123456789abcdef".charAt((value >>> shift) & 15));
    }
  }
}
