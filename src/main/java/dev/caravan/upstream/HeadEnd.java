package dev.caravan.upstream;

import io.netty.buffer.ByteBuf;

/** Finds where a head ends. */
final class HeadEnd {

  private HeadEnd() {}

  /**
   * The length of the head with its empty line, or -1 where the line is not there yet.
   *
   * <p>Steps by four: of any four consecutive places inside the ending, one holds CR or LF.
   */
  static int find(ByteBuf in) {
    int from = in.readerIndex();
    int end = in.writerIndex();
    for (int i = from + 3; i < end; ) {
      byte b = in.getByte(i);
      if (b == '\n') {
        if (in.getByte(i - 1) == '\r' && in.getByte(i - 2) == '\n' && in.getByte(i - 3) == '\r') {
          return i + 1 - from;
        }
        i += 2;
      } else if (b == '\r') {
        i++;
      } else {
        i += 4;
      }
    }
    return -1;
  }
}
