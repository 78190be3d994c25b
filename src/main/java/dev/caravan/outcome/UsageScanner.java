package dev.caravan.outcome;

import io.netty.buffer.ByteBuf;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Finds what an answer cost in the bytes that pass, without parsing them: the last member {@code
 * "usage": {…}} of a JSON answer or of the events of a stream. It also counts the events.
 *
 * <p>The buffers may be split anywhere; none is kept or changed. For one answer and one thread at a
 * time. Wants the bytes as the server's JSON: a compressed answer holds no {@code usage} that it
 * can see. Never throws for what the bytes hold.
 */
public final class UsageScanner {
  /* Design
   *
   * Every relayed byte passes here, so the search touches eight bytes at a time and has to stop
   * seldom. In those eight it looks for
   *   - 'g', the rarest letter of "usage" in English text and in the keys of a chunk, and
   *   - any byte below 16, which in JSON and event streams is the end of a line.
   * Both with the exact-enough zero-byte test of Mycroft (1987): (x - 01..) & ~x & 80.. is nonzero if
   * a byte of x is zero. It may mark a wrong byte above a right one, so each mark is checked.
   *
   * A 'g' is checked with one load: the eight bytes from five before it to two behind it are a byte
   * of any kind and "usage" with both quotes. Why this is enough to know a key: inside a JSON string
   * a quote has a backslash before it, so both quotes are real, unless that first byte is a backslash;
   * a real string is a key if a colon follows. No state of the surrounding JSON is needed, and the
   * search can begin anywhere.
   *
   * Across buffers the last eight bytes are carried in a shift register, and the first seven of the
   * next buffer go through it one by one.
   *
   * The bytes are read through the buffer's own NIO view: it is there already, and a load from it
   * checks its bounds only, where a load from a ByteBuf also checks that it is not released.
   *
   * The object is collected as bytes and parsed once, when somebody asks: with usage on every event
   * only the last is worth parsing.
   */

  /** The largest object that is read, in bytes; servers write 100 to 400. */
  public static final int MAX_OBJECT_BYTES = 4096;

  private static final int FIRST_OBJECT_BYTES = 512;

  /** The seven bytes of the key with its quotes, the first lowest. */
  private static final long KEY = 0x22656761737522L;

  /** Bytes of a window that end in the key: one before it, and it. */
  private static final int WINDOW = Long.BYTES;

  /** From the window's first byte to the 'g', and from the 'g' to its last. */
  private static final int BEFORE_G = 5;

  private static final int BEHIND_G = 2;

  private static final long ONES = 0x0101010101010101L;
  private static final long HIGHS = 0x8080808080808080L;
  private static final long ALL_G = ONES * 'g';
  private static final long ALL_16 = ONES * 16;

  private static final VarHandle LONG =
      MethodHandles.byteBufferViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private enum State {
    /** Looking for the key. */
    KEY,
    /** Behind the key: white space, then a colon. */
    COLON,
    /** Behind the colon: white space, then an object, if it is one. */
    VALUE,
    /** In the object. */
    OBJECT
  }

  private State state = State.KEY;

  /** The last eight bytes that the search saw, the newest highest. */
  private long window;

  /** Bytes of the answer before the current buffer. */
  private long passed;

  /** The object that is being collected, and the last whole one. */
  private byte[] object = {};

  private byte[] whole = {};
  private int objectLength;
  private int wholeLength;
  private long objects;
  private int depth;
  private boolean inString;
  private boolean escaped;

  /** Where the current line began, and where the last event ended, in bytes of the answer. */
  private long lineStart;

  private long eventEnd;

  /** Not -1, which would make a line feed that comes first the second half of a CR LF. */
  private long lastCarriageReturn = -2;

  private long events;

  /**
   * Looks through the next bytes of the answer, those between the buffer's indexes. Only where the
   * buffer may be read: the NIO view that the buffer keeps for its own transfers is borrowed.
   */
  public void scan(ByteBuf bytes) {
    scan(bytes, bytes.readerIndex(), bytes.readableBytes());
  }

  /**
   * As {@link #scan(ByteBuf)}, for bytes that stand anywhere in the buffer.
   *
   * @param index of the first
   */
  public void scan(ByteBuf bytes, int index, int length) {
    if (length == 0) {
      return;
    }
    if (bytes.nioBufferCount() == 1) {
      scan(bytes.internalNioBuffer(index, length));
    } else {
      for (ByteBuffer part : bytes.nioBuffers(index, length)) {
        scan(part);
      }
    }
  }

  private void scan(ByteBuffer bytes) {
    int from = bytes.position();
    int end = bytes.limit();
    long base = passed - from;
    int i = from;
    while (i < end) {
      i =
          switch (state) {
            case KEY -> search(bytes, i, end, base);
            case COLON, VALUE -> step(bytes, i, base);
            case OBJECT -> collect(bytes, i, end, base);
          };
    }
    passed += end - from;
  }

  /**
   * What the last whole {@code usage} object so far says. {@link Usage#UNKNOWN} where there was
   * none of at most {@link #MAX_OBJECT_BYTES}, or the last is no JSON. Parses at each call.
   */
  public Usage usage() {
    return UsageObject.read(whole, wholeLength);
  }

  /** How many {@code usage} objects were whole so far. */
  public long objects() {
    return objects;
  }

  /**
   * How many blocks of lines ended in an empty line so far: events, and comments that keep the
   * connection alive. Means nothing for an answer that is no event stream.
   */
  public long events() {
    return events;
  }

  /** Searches from {@code i}; returns the index to go on from, in whatever state. */
  private int search(ByteBuffer bytes, int i, int end, long base) {
    int head = Math.min(end, i + WINDOW - 1);
    int next = searchByByte(bytes, i, head, base);
    if (state != State.KEY || end - i < 2 * WINDOW) {
      return state == State.KEY ? searchByByte(bytes, next, end, base) : next;
    }
    // A key that ends behind the head has its 'g' from here on, and its window in this buffer.
    int word = head - BEHIND_G;
    for (; word + Long.BYTES <= end; word += Long.BYTES) {
      long lanes = eight(bytes, word);
      long g = lanes ^ ALL_G;
      long marks = (((g - ONES) & ~g) | ((lanes - ALL_16) & ~lanes)) & HIGHS;
      for (; marks != 0; marks &= marks - 1) {
        int at = word + (Long.numberOfTrailingZeros(marks) >>> 3);
        byte b = bytes.get(at);
        if (b == 'g') {
          if (at + BEHIND_G < end && isKey(eight(bytes, at - BEFORE_G))) {
            return foundKey(at + BEHIND_G + 1);
          }
        } else if (at >= head) {
          line(b, base + at);
        }
      }
    }
    window = eight(bytes, word - Long.BYTES);
    return searchByByte(bytes, word, end, base);
  }

  private int searchByByte(ByteBuffer bytes, int i, int end, long base) {
    while (i < end) {
      byte b = bytes.get(i);
      line(b, base + i);
      window = (window >>> 8) | ((long) b << 56);
      i++;
      if (isKey(window)) {
        return foundKey(i);
      }
    }
    return i;
  }

  /** Eight bytes, the first lowest. */
  private static long eight(ByteBuffer bytes, int i) {
    return (long) LONG.get(bytes, i);
  }

  private static boolean isKey(long window) {
    return window >>> 8 == KEY && (window & 0xFF) != '\\';
  }

  private int foundKey(int next) {
    state = State.COLON;
    return next;
  }

  /** Searches again from the next byte on, with nothing before it that could begin a key. */
  private void searchAgain() {
    state = State.KEY;
    window = 0;
  }

  /** One byte between the key and the object. */
  private int step(ByteBuffer bytes, int i, long base) {
    byte b = bytes.get(i);
    if (b == ' ' || b == '\t' || b == '\n' || b == '\r') {
      line(b, base + i);
      return i + 1;
    }
    if (state == State.COLON && b == ':') {
      state = State.VALUE;
      return i + 1;
    }
    if (state == State.VALUE && b == '{') {
      state = State.OBJECT;
      objectLength = 0;
      depth = 0;
      inString = false;
      escaped = false;
    } else {
      searchAgain();
    }
    return i;
  }

  private int collect(ByteBuffer bytes, int i, int end, long base) {
    while (i < end) {
      byte b = bytes.get(i);
      if (objectLength == MAX_OBJECT_BYTES) {
        searchAgain();
        return i;
      }
      append(b);
      line(b, base + i);
      i++;
      if (closes(b)) {
        byte[] free = whole;
        whole = object;
        wholeLength = objectLength;
        object = free;
        objects++;
        searchAgain();
        return i;
      }
    }
    return i;
  }

  private void append(byte b) {
    if (objectLength == object.length) {
      int length = Math.max(FIRST_OBJECT_BYTES, 2 * object.length);
      object = Arrays.copyOf(object, Math.min(length, MAX_OBJECT_BYTES));
    }
    object[objectLength++] = b;
  }

  /** Follows strings and braces; whether this byte is the object's own closing brace. */
  private boolean closes(byte b) {
    if (inString) {
      if (escaped) {
        escaped = false;
      } else if (b == '\\') {
        escaped = true;
      } else if (b == '"') {
        inString = false;
      }
    } else if (b == '"') {
      inString = true;
    } else if (b == '{') {
      depth++;
    } else if (b == '}') {
      depth--;
      return depth == 0;
    }
    return false;
  }

  /** Takes note of a line's end, if the byte is one. */
  private void line(byte b, long at) {
    if (b != '\n' && b != '\r') {
      return;
    }
    if (b == '\n' && lastCarriageReturn == at - 1) {
      // The second half of a CR LF: the line has ended already.
      if (eventEnd == at) {
        eventEnd++;
      }
    } else if (lineStart == at) {
      if (eventEnd != at) {
        events++;
      }
      eventEnd = at + 1;
    }
    lineStart = at + 1;
    if (b == '\r') {
      lastCarriageReturn = at;
    }
  }
}
