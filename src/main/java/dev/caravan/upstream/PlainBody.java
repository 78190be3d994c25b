package dev.caravan.upstream;

import io.netty.buffer.ByteBuf;

/** A body of known length, or one that lasts as long as the connection. */
final class PlainBody extends BodyFramer {
  private final boolean untilClose;
  private long remaining;

  private PlainBody(long length, boolean untilClose) {
    this.remaining = length;
    this.untilClose = untilClose;
  }

  static PlainBody ofLength(long length) {
    return new PlainBody(length, false);
  }

  static PlainBody untilClose() {
    return new PlainBody(Long.MAX_VALUE, true);
  }

  @Override
  boolean feed(ByteBuf in, Output out) {
    int length = (int) Math.min(remaining, in.readableBytes());
    remaining -= length;
    if (length > 0) {
      out.payload(in, in.readerIndex(), length);
      boolean whole = length == in.readableBytes() && remaining > 0;
      ByteBuf part = whole ? in : in.readRetainedSlice(length);
      if (chunkedOut) {
        Chunks.frame(part, out);
      } else {
        out.pass(part);
      }
      if (whole) {
        return false;
      }
    }
    if (remaining == 0) {
      return true;
    }
    in.release();
    return false;
  }

  @Override
  boolean endsAtClose() {
    return untilClose;
  }
}
