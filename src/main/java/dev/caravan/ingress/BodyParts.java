package dev.caravan.ingress;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.CompositeByteBuf;
import io.netty.buffer.Unpooled;
import org.jspecify.annotations.Nullable;

/**
 * The body of a request as its parts arrive. Large parts are kept as they are. Many small ones are
 * joined, each byte once: a client that sends a body in chunks of one byte must cost about what its
 * bytes do, in time and in memory. One request, one event loop.
 */
final class BodyParts {
  /** So many parts are looked at together; chosen without experiment. */
  private static final int RUN = 256;

  /** A run of parts that have less than 4 KiB each is joined. */
  private static final int SMALL_RUN_BYTES = RUN * 4096;

  private @Nullable ByteBuf body;

  /** Parts before the run at hand, and their bytes. */
  private int settled;

  private int settledBytes;

  /** Takes the next part, which is owned by this from now on. */
  void add(ByteBuf part) {
    ByteBuf sofar = body;
    if (sofar == null) {
      body = part;
      return;
    }
    CompositeByteBuf parts;
    if (sofar instanceof CompositeByteBuf several) {
      parts = several;
    } else {
      parts = sofar.alloc().compositeBuffer(Integer.MAX_VALUE).addComponent(true, sofar);
      body = parts;
    }
    parts.addComponent(true, part);
    int run = parts.numComponents() - settled;
    if (run == RUN) {
      if (parts.readableBytes() - settledBytes < SMALL_RUN_BYTES) {
        parts.consolidate(settled, run);
      }
      settled = parts.numComponents();
      settledBytes = parts.readableBytes();
    }
  }

  /** All that has come; stays owned by this. */
  ByteBuf all() {
    ByteBuf sofar = body;
    return sofar == null ? Unpooled.EMPTY_BUFFER : sofar;
  }

  void release() {
    ByteBuf held = body;
    body = null;
    if (held != null) {
      held.release();
    }
  }
}
