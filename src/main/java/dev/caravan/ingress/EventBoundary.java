package dev.caravan.ingress;

import io.netty.buffer.ByteBuf;

/**
 * Tells from the chunks of a stream whether what went out ends where an event ends. It reads the
 * chunks' sizes and the last bytes of their data, nothing between. One stream, one event loop.
 *
 * @see <a
 *     href="https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream">
 *     the format: a line ends with CR LF, LF or CR, an event with an empty line</a>
 */
final class EventBoundary {

  private enum State {
    START,
    SIZE,
    SIZE_LF,
    DATA,
    DATA_END
  }

  private State state = State.START;
  private long remaining;

  /** The last three bytes of the data so far, the latest lowest; line feeds before the first. */
  private int tail = '\n' << 16 | '\n' << 8 | '\n';

  /** Looks at what goes out, in HTTP/1.1 chunks as the gateway writes or passes them. */
  void passed(ByteBuf part) {
    int at = part.readerIndex();
    int end = part.writerIndex();
    while (at < end) {
      switch (state) {
        case START, SIZE -> {
          byte b = part.getByte(at++);
          int digit = Character.digit(b, 16);
          if (digit >= 0) {
            remaining = remaining << 4 | digit;
            state = State.SIZE;
          } else {
            state = State.SIZE_LF;
          }
        }
        case SIZE_LF -> {
          at++;
          state = remaining == 0 ? State.DATA_END : State.DATA;
        }
        case DATA -> {
          int length = (int) Math.min(remaining, end - at);
          for (int i = Math.max(0, length - 3); i < length; i++) {
            tail = (tail << 8 | (part.getByte(at + i) & 0xff)) & 0xffffff;
          }
          at += length;
          remaining -= length;
          if (remaining == 0) {
            state = State.DATA_END;
          }
        }
        case DATA_END -> {
          if (part.getByte(at++) == '\n') {
            state = State.START;
          }
        }
      }
    }
  }

  /** Whether something else may stand here: nothing is begun, neither an event nor a chunk. */
  boolean here() {
    int last = tail & 0xff;
    int before = tail >> 8 & 0xff;
    if (state != State.START) {
      return false;
    }
    if (last == '\n' && before == '\r') {
      before = tail >> 16;
    }
    return (last == '\n' && (before == '\n' || before == '\r')) || (last == '\r' && before == '\r');
  }
}
