package dev.caravan.request;

import com.fasterxml.jackson.core.io.JsonStringEncoder;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.CompositeByteBuf;
import io.netty.buffer.Unpooled;

/** Replaces one JSON string value in a body without copying the rest. */
final class BodyPatch {

  private BodyPatch() {}

  /**
   * The body with the value between two offsets replaced.
   *
   * @param start offset of the value's opening quote from the body's reader index
   * @param end offset just behind its closing quote
   * @return a buffer that the caller must release
   */
  static ByteBuf replace(ByteBuf body, int start, int end, String value) {
    byte[] encoded = JsonStringEncoder.getInstance().quoteAsUTF8(value);
    ByteBuf quoted = body.alloc().buffer(encoded.length + 2);
    quoted.writeByte('"').writeBytes(encoded).writeByte('"');
    int from = body.readerIndex();
    CompositeByteBuf patched = body.alloc().compositeBuffer(3);
    patched.addComponent(
        true, start == 0 ? Unpooled.EMPTY_BUFFER : body.retainedSlice(from, start));
    patched.addComponent(true, quoted);
    patched.addComponent(true, body.retainedSlice(from + end, body.readableBytes() - end));
    return patched;
  }
}
