package dev.caravan.upstream;

import io.netty.buffer.ByteBuf;

/**
 * Finds the payload in the bytes of one answer's body, and its end. One body, one instance, one
 * event loop.
 */
abstract class BodyFramer {

  /** Who gets what was found. */
  interface Output {

    /**
     * A run of bytes in the framing asked for.
     *
     * @param part owned by the receiver
     */
    void pass(ByteBuf part);

    /** The same run's payload, to look at: {@code length} bytes from {@code index}. */
    void payload(ByteBuf in, int index, int length);
  }

  /** Whether the payload is passed in HTTP/1.1 chunks. */
  protected boolean chunkedOut;

  /** Sets the framing of what is passed; before the first {@link #feed}. */
  final void chunkedOut(boolean chunked) {
    chunkedOut = chunked;
  }

  /**
   * Takes the next bytes from the connection.
   *
   * @param in owned by the framer from here on; bytes behind the body's end stay readable in it
   * @return true at the body's end: {@code in} then still belongs to the caller
   */
  abstract boolean feed(ByteBuf in, Output out) throws BadResponse;

  /** The connection ended here: true where that is how the body ends. */
  abstract boolean endsAtClose();
}
