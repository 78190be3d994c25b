package dev.caravan.upstream;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;

/**
 * Header lines ready for the wire, each ended by CRLF, in ISO 8859-1. Immutable. Whoever makes one
 * has checked names and values: no line breaks, no NUL.
 */
public final class HeaderLines {
  public static final HeaderLines NONE = new HeaderLines(new byte[0]);

  private final byte[] bytes;

  private HeaderLines(byte[] bytes) {
    this.bytes = bytes;
  }

  /** Lines as they are to be sent. */
  public static HeaderLines of(CharSequence lines) {
    return lines.isEmpty()
        ? NONE
        : new HeaderLines(lines.toString().getBytes(StandardCharsets.ISO_8859_1));
  }

  void writeTo(ByteBuf head) {
    head.writeBytes(bytes);
  }

  int length() {
    return bytes.length;
  }
}
