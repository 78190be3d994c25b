package dev.caravan.upstream;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;

/** HTTP/1.1 chunks, as they stand on the wire (RFC 9112, 7.1). */
public final class Chunks {
  /**
   * Below this, one buffer and one write are cheaper than two buffers and a gathering write: a copy
   * of 4 KiB costs about what one entry of a gathering write costs.
   */
  public static final int SMALL_BYTES = 4096;

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

  /** Passes {@code payload} as one chunk: a small one in one part, a larger one in three. */
  static void frame(ByteBuf payload, BodyFramer.Output out) {
    if (payload.readableBytes() <= SMALL_BYTES) {
      out.pass(copied(payload));
      return;
    }
    out.pass(size(payload));
    out.pass(payload);
    out.pass(CRLF.duplicate());
  }

  /** As the other, for {@code payload} that is now the sink's. */
  public static void frame(ByteBuf payload, BodySink to) {
    if (payload.readableBytes() <= SMALL_BYTES) {
      to.bytes(copied(payload));
      return;
    }
    to.bytes(size(payload));
    to.bytes(payload);
    to.bytes(CRLF.duplicate());
  }

  private static ByteBuf copied(ByteBuf payload) {
    int length = payload.readableBytes();
    ByteBuf chunk = payload.alloc().buffer(length + 12);
    writeHex(chunk, length);
    chunk.writeShort('\r' << 8 | '\n').writeBytes(payload).writeShort('\r' << 8 | '\n');
    payload.release();
    return chunk;
  }

  private static ByteBuf size(ByteBuf payload) {
    ByteBuf size = payload.alloc().buffer(10);
    writeHex(size, payload.readableBytes());
    return size.writeShort('\r' << 8 | '\n');
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
