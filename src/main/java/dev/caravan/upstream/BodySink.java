package dev.caravan.upstream;

import dev.caravan.outcome.Outcome;
import io.netty.buffer.ByteBuf;

/**
 * Where the body of an answer goes. Called on the call's event loop only, in order: any number of
 * {@link #bytes} and {@link #flush}, then exactly one of {@link #end} and {@link #broken}, unless
 * the call was aborted.
 */
public interface BodySink {

  /**
   * The next part, in the framing that {@link Answer#attach} asked for; it always ends where an
   * HTTP chunk ends.
   *
   * @param part now owned by the sink
   */
  void bytes(ByteBuf part);

  /** No more will come from this read: what was collected may go out. */
  void flush();

  /** The body is whole; with chunked framing its last chunk has been passed. */
  void end();

  /** The body ends here, and should not. */
  void broken(Outcome how);
}
