package dev.caravan.ingress;

import dev.caravan.time.Deadline;
import dev.caravan.time.Ticker;
import dev.caravan.upstream.InLine;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.util.concurrent.EventExecutor;
import java.nio.charset.StandardCharsets;

/**
 * Watches one stream for silence, after which the client gets a comment: proxies and clients that
 * close quiet connections then leave this one open. Lives on the connection's event loop.
 */
final class Pings {
  /** A comment, which clients skip, and an empty line, as one chunk. */
  private static final ByteBuf PING =
      Unpooled.unreleasableBuffer(
          Unpooled.directBuffer()
              .writeBytes("8\r\n: ping\n\n\r\n".getBytes(StandardCharsets.US_ASCII))
              .asReadOnly());

  private final EventBoundary boundary = new EventBoundary();
  private final Deadline deadline;
  private final long millis;

  /**
   * Begins to watch.
   *
   * @param millis how long nothing may go out
   * @param quiet run when that is over; {@link #again} watches on
   */
  Pings(EventExecutor loop, Ticker ticker, long millis, Runnable quiet) {
    this.deadline = new Deadline(loop, ticker, quiet);
    this.millis = millis;
    again();
  }

  /** What a client is told instead that waits in line, with that place in it. */
  static ByteBuf queued(ByteBufAllocator alloc, InLine place) {
    StringBuilder text = new StringBuilder(48).append(": queued");
    int before = place.position();
    if (before >= 0) {
      text.append(" position=").append(before + 1);
      long millis = place.waitMillis();
      if (millis >= 0) {
        text.append(" wait=").append((millis + 999) / 1000).append('s');
      }
    }
    text.append("\n\n");
    ByteBuf out = alloc.buffer(text.length() + 8);
    out.writeCharSequence(Integer.toHexString(text.length()), StandardCharsets.US_ASCII);
    out.writeCharSequence("\r\n", StandardCharsets.US_ASCII);
    out.writeCharSequence(text, StandardCharsets.US_ASCII);
    out.writeCharSequence("\r\n", StandardCharsets.US_ASCII);
    return out;
  }

  /** What a ping is on the wire. */
  static ByteBuf ping() {
    return PING.duplicate();
  }

  /** A part of the stream goes out. */
  void passed(ByteBuf part) {
    boundary.passed(part);
  }

  /** Whether a ping may stand where the stream is now. */
  boolean fits() {
    return boundary.here();
  }

  /** The silence begins anew. */
  void again() {
    deadline.in(millis);
  }

  /** No more pings. */
  void stop() {
    deadline.stop();
  }
}
