package dev.caravan.upstream;

import dev.caravan.fleet.LeaseListener;
import io.netty.buffer.ByteBuf;

/**
 * What is recorded of one attempt, from the pick of the server to the close of its lease. Of the
 * call's event loop.
 */
public interface AttemptTrace extends Spanned, LeaseListener {

  /** Appends the header lines that tell the server which trace its request is part of. */
  void writeTo(ByteBuf head);
}
