import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * Reads one HTTP/1.1 answer at a time from the bytes of a connection, and the time stamps of the
 * events in it.
 */
final class ResponseReader {
  private enum State {
    HEAD,
    SIZED,
    CHUNK_SIZE,
    CHUNK,
    CHUNK_END,
    TRAILER,
    COMPLETE
  }

  private final byte[] head = new byte[16 * 1024];
  private final Samples eventDelays;
  private State state = State.COMPLETE;
  private int headLength;
  private long left;
  private int lineLength;
  private int stampDigits = -1;
  private long stamp;
  private int doneMatched;
  private boolean stream;

  int status;
  long bodyBytes;
  long events;
  boolean done;
  boolean closes;

  /**
   * Delays of stamped events, in nanoseconds, are added to {@code eventDelays} unless it is null.
   */
  ResponseReader(Samples eventDelays) {
    this.eventDelays = eventDelays;
  }

  /** Expects the next answer. */
  void next() {
    state = State.HEAD;
    headLength = 0;
    status = 0;
    bodyBytes = 0;
    events = 0;
    done = false;
    closes = false;
    stampDigits = -1;
    doneMatched = 0;
  }

  /** Whether an answer has begun that has not ended. */
  boolean expecting() {
    return state != State.COMPLETE;
  }

  /** Reads on; true when the answer is complete. What follows it stays in the buffer. */
  boolean read(ByteBuffer in, long nowNanos) {
    while (in.hasRemaining() && state != State.COMPLETE) {
      switch (state) {
        case HEAD -> head(in.get());
        case SIZED, CHUNK -> body(in, nowNanos);
        case CHUNK_SIZE -> chunkSize(in.get());
        case CHUNK_END -> {
          if (in.get() == '\n') {
            state = State.CHUNK_SIZE;
            left = 0;
            lineLength = 0;
          }
        }
        case TRAILER -> trailer(in.get());
        default -> throw new IllegalStateException(state.name());
      }
    }
    return state == State.COMPLETE;
  }

  private void head(byte b) {
    if (headLength == head.length) {
      throw new IllegalStateException("head of the answer over 16 KiB");
    }
    head[headLength++] = b;
    if (b != '\n' || headLength < 4 || head[headLength - 3] != '\n') {
      return;
    }
    String text =
        new String(head, 0, headLength, StandardCharsets.ISO_8859_1).toLowerCase(Locale.ROOT);
    status = Integer.parseInt(text.substring(9, 12));
    if (status == 100) {
      headLength = 0;
      return;
    }
    closes = text.contains("\r\nconnection: close");
    stream = text.contains("\r\ncontent-type: text/event-stream");
    int length = text.indexOf("\r\ncontent-length:");
    if (text.contains("\r\ntransfer-encoding: chunked")) {
      state = State.CHUNK_SIZE;
      left = 0;
      lineLength = 0;
    } else if (length >= 0) {
      left = Long.parseLong(text.substring(length + 17, text.indexOf('\r', length + 2)).trim());
      state = left == 0 ? State.COMPLETE : State.SIZED;
    } else {
      throw new IllegalStateException("answer without a length");
    }
  }

  private void body(ByteBuffer in, long nowNanos) {
    int count = (int) Math.min(left, in.remaining());
    if (stream) {
      for (int i = 0; i < count; i++) {
        scan(in.get(), nowNanos);
      }
    } else {
      in.position(in.position() + count);
    }
    bodyBytes += count;
    left -= count;
    if (left == 0) {
      state = state == State.SIZED ? State.COMPLETE : State.CHUNK_END;
    }
  }

  private void scan(byte b, long nowNanos) {
    if (stampDigits >= 0) {
      stamp = stamp * 10 + b - '0';
      if (++stampDigits == Answers.STAMP_DIGITS) {
        stampDigits = -1;
        events++;
        if (eventDelays != null) {
          eventDelays.add(nowNanos - stamp);
        }
      }
    } else if (b == '@') {
      stampDigits = 0;
      stamp = 0;
    } else {
      doneMatched = b == "[DONE]".charAt(doneMatched) ? doneMatched + 1 : 0;
      if (doneMatched == 6) {
        done = true;
        doneMatched = 0;
      }
    }
  }

  private void chunkSize(byte b) {
    if (b == '\n') {
      state = left == 0 ? State.TRAILER : State.CHUNK;
      lineLength = 0;
    } else if (b != '\r') {
      left = left * 16 + Character.digit(b, 16);
    }
  }

  private void trailer(byte b) {
    if (b == '\n') {
      if (lineLength == 0) {
        state = State.COMPLETE;
      }
      lineLength = 0;
    } else if (b != '\r') {
      lineLength++;
    }
  }
}
