package dev.caravan.upstream;

import io.netty.buffer.ByteBuf;

/** Asks one path of one model server, again and again. Owned by one event loop. */
public interface Get {

  /** Is told what came of one question; exactly one of the last two, once, on the loop. */
  interface Receiver {

    /** A part of the body of a 2xx. Valid during the call. */
    void part(ByteBuf part);

    /**
     * It was answered.
     *
     * @param whole whether the body was within its limit
     */
    void answered(int status, boolean whole);

    /**
     * It was not answered.
     *
     * @param refused whether nobody listens there
     * @param reason short, for people
     */
    void failed(boolean refused, String reason);
  }

  /** Asks, unless the last question is still open: then the receiver is told nothing. */
  void ask(Receiver receiver);

  /** Gives the connection back; an open question is dropped. */
  void close();
}
