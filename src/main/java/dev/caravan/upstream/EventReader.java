package dev.caravan.upstream;

import io.netty.buffer.ByteBuf;
import java.util.Arrays;

/**
 * Cuts a stream of server-sent events into whole events, however its bytes were cut on the way. An
 * event is a block of lines with the empty line that ends it; a comment that keeps a connection
 * alive is one too. For one stream and one thread at a time.
 *
 * <p>Use: {@link #append}, {@link #next} until it is false, {@link #discardRead}.
 *
 * @see <a href="https://html.spec.whatwg.org/multipage/server-sent-events.html">HTML, server-sent
 *     events</a>
 */
public final class EventReader {
  /** Holds the events of one read of most streams. */
  private static final int FIRST_BYTES = 1024;

  private byte[] bytes = new byte[FIRST_BYTES];
  private int length;

  /** Up to here the bytes were looked at. */
  private int scanned;

  /** Where the line being read begins; and whether the line before it ended in a CR. */
  private int lineStart;

  private boolean afterReturn;

  /** The current event's bounds; what lies behind {@code end} is no whole event yet. */
  private int start;

  private int end;

  /** The data of the event being read: in {@code bytes}, or joined from several lines. */
  private int dataStart = -1;

  private int dataEnd;
  private byte[] joined = {};
  private int joinedLength = -1;

  /** The data of the current event. */
  private byte[] data = bytes;

  private int dataFrom;
  private int dataLength = -1;

  /** Takes the readable bytes of {@code part}, which stays the caller's. */
  public void append(ByteBuf part) {
    int more = part.readableBytes();
    if (length + more > bytes.length) {
      bytes = Arrays.copyOf(bytes, Math.max(2 * bytes.length, length + more));
    }
    part.getBytes(part.readerIndex(), bytes, length, more);
    length += more;
  }

  /** Goes to the next whole event; false where there is none yet. */
  public boolean next() {
    for (int i = scanned; i < length; i++) {
      byte b = bytes[i];
      if (b == '\n' && afterReturn && i == lineStart) {
        // The second half of a CR LF: its line has ended already.
        lineStart = i + 1;
        afterReturn = false;
      } else if (b == '\n' || b == '\r') {
        boolean empty = i == lineStart;
        line(lineStart, i);
        lineStart = i + 1;
        afterReturn = b == '\r';
        if (empty) {
          scanned = i + 1;
          whole(i + 1);
          return true;
        }
      }
    }
    scanned = length;
    return false;
  }

  private void line(int from, int to) {
    if (to - from < 5
        || bytes[from] != 'd'
        || bytes[from + 1] != 'a'
        || bytes[from + 2] != 't'
        || bytes[from + 3] != 'a'
        || bytes[from + 4] != ':') {
      return;
    }
    int value = from + 5 < to && bytes[from + 5] == ' ' ? from + 6 : from + 5;
    if (dataStart < 0) {
      dataStart = value;
      dataEnd = to;
      return;
    }
    if (joinedLength < 0) {
      joined = Arrays.copyOfRange(bytes, dataStart, dataEnd);
      joinedLength = joined.length;
    }
    int longer = joinedLength + 1 + to - value;
    joined = Arrays.copyOf(joined, longer);
    joined[joinedLength] = '\n';
    System.arraycopy(bytes, value, joined, joinedLength + 1, to - value);
    joinedLength = longer;
  }

  private void whole(int to) {
    start = end;
    end = to;
    if (joinedLength >= 0) {
      data = joined;
      dataFrom = 0;
      dataLength = joinedLength;
    } else {
      data = bytes;
      dataFrom = dataStart;
      dataLength = dataStart < 0 ? -1 : dataEnd - dataStart;
    }
    dataStart = -1;
    joinedLength = -1;
  }

  /**
   * Whether the first byte may begin an event: that of a field's name, a comment, an empty line, or
   * a byte order mark. A compressed stream has another.
   */
  public boolean plausible() {
    return switch (bytes[0]) {
      case 'd', 'e', 'i', 'r', ':', '\n', '\r', (byte) 0xEF -> true;
      default -> false;
    };
  }

  /** Forgets the events that {@link #next} went through; their bytes are gone then. */
  public void discardRead() {
    if (end == 0) {
      return;
    }
    System.arraycopy(bytes, end, bytes, 0, length - end);
    length -= end;
    scanned -= end;
    lineStart -= end;
    if (dataStart >= 0) {
      dataStart -= end;
      dataEnd -= end;
    }
    start = 0;
    end = 0;
  }

  /** Forgets everything, for another stream. */
  public void reset() {
    end = length;
    discardRead();
    lineStart = 0;
    afterReturn = false;
    dataStart = -1;
    joinedLength = -1;
    dataLength = -1;
  }

  /** Where the bytes of events are: valid until the next {@link #append}. */
  public byte[] bytes() {
    return bytes;
  }

  /** Where the current event begins in {@link #bytes}. */
  public int start() {
    return start;
  }

  /** Behind the current event; the events gone through since {@link #discardRead} begin at 0. */
  public int end() {
    return end;
  }

  /** Behind the last byte that came. */
  public int length() {
    return length;
  }

  /** The array with the current event's data. */
  public byte[] data() {
    return data;
  }

  public int dataFrom() {
    return dataFrom;
  }

  /** The length of the current event's data, or -1 where it has none. */
  public int dataLength() {
    return dataLength;
  }

  /** Whether the current event's data is that, with or without spaces behind it. */
  public boolean dataIs(byte[] what) {
    int length = dataLength;
    while (length > 0 && data[dataFrom + length - 1] == ' ') {
      length--;
    }
    return length == what.length
        && Arrays.equals(data, dataFrom, dataFrom + length, what, 0, length);
  }
}
