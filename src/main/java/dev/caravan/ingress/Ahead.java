package dev.caravan.ingress;

import io.netty.buffer.ByteBufHolder;
import io.netty.channel.ChannelHandlerContext;
import io.netty.util.ReferenceCountUtil;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * What a client sends ahead while its request is being answered (pipelining): decoded, in order,
 * and little of it. Reading stops when there is enough, and goes on otherwise, because only a read
 * tells that the client has left.
 */
final class Ahead {
  /** Messages kept before reading stops; chosen without experiment. */
  private static final int MAX_MESSAGES = 64;

  /** Bytes of bodies kept before reading stops: about one read of a socket. */
  private static final int MAX_BYTES = 64 * 1024;

  private final ArrayDeque<Object> messages = new ArrayDeque<>(4);
  private int bytes;
  private boolean readingPaused;

  /** Keeps a message, which is owned by this from now on. */
  void add(ChannelHandlerContext ctx, Object message) {
    messages.add(message);
    bytes += size(message);
    if (!readingPaused && full()) {
      readingPaused = true;
      ctx.channel().config().setAutoRead(false);
    }
  }

  private boolean full() {
    return messages.size() >= MAX_MESSAGES || bytes >= MAX_BYTES;
  }

  private static int size(Object message) {
    return message instanceof ByteBufHolder holder ? holder.content().readableBytes() : 0;
  }

  /** The next message, which is the caller's from now on; null where there is none. */
  @Nullable Object poll() {
    Object next = messages.poll();
    if (next != null) {
      bytes -= size(next);
    }
    return next;
  }

  /** Reads again, where there is room. */
  void read(ChannelHandlerContext ctx) {
    if (readingPaused && !full()) {
      readingPaused = false;
      ctx.channel().config().setAutoRead(true);
    }
  }

  /** Forgets everything. */
  void release() {
    Object message;
    while ((message = messages.poll()) != null) {
      ReferenceCountUtil.release(message);
    }
    bytes = 0;
  }
}
