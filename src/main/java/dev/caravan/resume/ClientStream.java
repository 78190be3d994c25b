package dev.caravan.resume;

import dev.caravan.outcome.Outcome;
import dev.caravan.upstream.BodySink;
import dev.caravan.upstream.Chunks;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.nio.charset.StandardCharsets;

/** The client's side of an answer that is put together here, in the framing that it asked for. */
final class ClientStream {
  /** Room for a chunk's size and its two line breaks. */
  private static final int FRAME_BYTES = 16;

  private final BodySink sink;
  private final boolean chunked;

  ClientStream(BodySink sink, boolean chunked) {
    this.sink = sink;
    this.chunked = chunked;
  }

  /** Passes the first bytes of an array, as one chunk. */
  void pass(byte[] from, int length, ByteBufAllocator alloc) {
    if (length == 0) {
      return;
    }
    ByteBuf out = alloc.buffer(length + FRAME_BYTES);
    if (chunked) {
      Chunks.write(out, from, 0, length);
    } else {
      out.writeBytes(from, 0, length);
    }
    sink.bytes(out);
  }

  /** Passes bytes as they came; they are no longer the caller's. */
  void pass(ByteBuf part) {
    if (chunked) {
      Chunks.frame(part, sink);
    } else {
      sink.bytes(part);
    }
  }

  void say(String text, ByteBufAllocator alloc) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    pass(bytes, bytes.length, alloc);
  }

  void flush() {
    sink.flush();
  }

  void end() {
    if (chunked) {
      sink.bytes(Chunks.last());
    }
    sink.end();
  }

  void broken(Outcome how) {
    sink.broken(how);
  }
}
