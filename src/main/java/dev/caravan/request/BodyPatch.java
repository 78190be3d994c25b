package dev.caravan.request;

import com.fasterxml.jackson.core.io.JsonStringEncoder;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.CompositeByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Replaces values in a body without copying the rest. */
final class BodyPatch {

  /**
   * A part of the body and what stands there instead.
   *
   * @param start offset of the first byte that goes, from the body's reader index
   * @param end offset behind the last; the same where something is put in
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Edit(int start, int end, byte[] by) {
    static Edit string(int start, int end, String value) {
      byte[] encoded = JsonStringEncoder.getInstance().quoteAsUTF8(value);
      byte[] quoted = new byte[encoded.length + 2];
      quoted[0] = '"';
      System.arraycopy(encoded, 0, quoted, 1, encoded.length);
      quoted[encoded.length + 1] = '"';
      return new Edit(start, end, quoted);
    }

    static Edit ascii(int start, int end, String text) {
      return new Edit(start, end, text.getBytes(StandardCharsets.US_ASCII));
    }
  }

  private BodyPatch() {}

  /**
   * The body with one or two parts replaced, which do not overlap.
   *
   * @return a buffer that the caller must release
   */
  static ByteBuf apply(ByteBuf body, Edit one, @Nullable Edit other) {
    if (other != null && other.start < one.start) {
      return apply(body, other, one);
    }
    CompositeByteBuf patched = body.alloc().compositeBuffer(5);
    int at = put(patched, body, 0, one);
    if (other != null) {
      at = put(patched, body, at, other);
    }
    return patched.addComponent(true, slice(body, at, body.readableBytes()));
  }

  private static int put(CompositeByteBuf to, ByteBuf body, int at, Edit edit) {
    to.addComponent(true, slice(body, at, edit.start));
    to.addComponent(true, body.alloc().buffer(edit.by.length).writeBytes(edit.by));
    return edit.end;
  }

  private static ByteBuf slice(ByteBuf body, int from, int to) {
    return from == to
        ? Unpooled.EMPTY_BUFFER
        : body.retainedSlice(body.readerIndex() + from, to - from);
  }
}
