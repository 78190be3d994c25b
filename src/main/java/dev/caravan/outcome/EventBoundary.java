package dev.caravan.outcome;

import io.netty.buffer.ByteBuf;

/**
 * Whether the bytes of an event stream that passed so far end between two events, so that another
 * event can follow: an error frame behind half an event would be read as a part of it.
 *
 * <p>Looks at the last four bytes of each buffer only. For one stream and one thread at a time.
 *
 * <p>Source: WHATWG HTML, section 9.2.6 "Interpreting an event stream": a line ends with CR LF, LF
 * or CR, in any mixture; an event ends with an empty line.
 */
public final class EventBoundary {
  /** The last four bytes, the newest lowest. Before the first byte a new event may begin. */
  private int last = 0x0A0A0A0A;

  /** Takes note of the next bytes between the buffer's indexes, and changes nothing in it. */
  public void passed(ByteBuf bytes) {
    int end = bytes.writerIndex();
    for (int i = Math.max(bytes.readerIndex(), end - Integer.BYTES); i < end; i++) {
      last = (last << 8) | (bytes.getByte(i) & 0xFF);
    }
  }

  /** Whether an event may begin here; true when nothing has passed. */
  public boolean isHere() {
    int newest = last & 0xFF;
    if (!isLineEnd(newest)) {
      return false;
    }
    boolean twoBytes = (last & 0xFFFF) == 0x0D0A;
    return isLineEnd((last >>> (twoBytes ? 16 : 8)) & 0xFF);
  }

  private static boolean isLineEnd(int b) {
    return b == '\n' || b == '\r';
  }
}
