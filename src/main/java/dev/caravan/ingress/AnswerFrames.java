package dev.caravan.ingress;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.util.AsciiString;
import java.util.Set;

/**
 * Takes an answer as HTTP/1.1 has it, and gives it as HTTP/2 does: a head in fields, and a body
 * without its framing. It reads heads and the sizes of chunks; what a body holds is passed as
 * slices. Heads must be whole in one buffer, which those of {@link ReplyHead} are. One stream, one
 * event loop.
 *
 * @see <a href="https://www.rfc-editor.org/rfc/rfc9113#section-8.2.2">RFC 9113, 8.2.2: fields of
 *     the connection are not sent</a>
 */
final class AnswerFrames {
  /** Where the status begins in a status line, behind {@code HTTP/1.1 }. */
  private static final int STATUS = 9;

  private static final AsciiString CHUNKED = AsciiString.cached("transfer-encoding");
  private static final AsciiString LENGTH = AsciiString.cached("content-length");
  private static final Set<AsciiString> OF_THE_CONNECTION =
      Set.of(
          CHUNKED,
          AsciiString.cached("connection"),
          AsciiString.cached("keep-alive"),
          AsciiString.cached("proxy-connection"),
          AsciiString.cached("upgrade"));

  /** Who gets what was found. */
  interface Output {

    /** A head; that of the answer, or one of status 1xx before. */
    void head(Http2Headers head);

    /**
     * The next part of the body.
     *
     * @param part owned by the receiver
     */
    void data(ByteBuf part);
  }

  private enum State {
    HEAD,
    PLAIN,
    SIZE,
    EXTENSION,
    CHUNK,
    CHUNK_END,
    TRAILER_START,
    TRAILER,
    WHOLE
  }

  private final Output out;
  private State state = State.HEAD;
  private long remaining;
  private boolean headOnly;

  AnswerFrames(Output out) {
    this.out = out;
  }

  /** The request was HEAD: no body follows, whatever length is said. */
  void headOnly() {
    headOnly = true;
  }

  /** Whether all of the answer has been passed. */
  boolean whole() {
    return state == State.WHOLE;
  }

  /**
   * Takes the next bytes.
   *
   * @param bytes owned by this from here on
   */
  void pass(ByteBuf bytes) {
    try {
      while (bytes.isReadable() && state != State.WHOLE) {
        switch (state) {
          case HEAD -> head(bytes);
          case PLAIN -> payload(bytes, State.WHOLE);
          case CHUNK -> payload(bytes, State.CHUNK_END);
          case SIZE -> size(bytes.readByte());
          case EXTENSION -> {
            if (bytes.readByte() == '\n') {
              state = remaining == 0 ? State.TRAILER_START : State.CHUNK;
            }
          }
          case CHUNK_END -> {
            if (bytes.readByte() == '\n') {
              state = State.SIZE;
            }
          }
          case TRAILER_START -> trailer(bytes.readByte());
          case TRAILER -> {
            if (bytes.readByte() == '\n') {
              state = State.TRAILER_START;
            }
          }
          case WHOLE -> {}
        }
      }
    } finally {
      bytes.release();
    }
  }

  private void size(byte next) {
    int digit = Character.digit(next, 16);
    if (digit >= 0) {
      remaining = remaining << 4 | digit;
    } else if (next == '\n') {
      state = remaining == 0 ? State.TRAILER_START : State.CHUNK;
    } else {
      state = State.EXTENSION; // or the CR before the LF, which ends it as well
    }
  }

  /** What stands behind the last chunk is not passed on; an empty line ends it. */
  private void trailer(byte first) {
    if (first == '\n') {
      state = State.WHOLE;
    } else if (first != '\r') {
      state = State.TRAILER;
    }
  }

  private void payload(ByteBuf bytes, State behind) {
    int length = (int) Math.min(remaining, bytes.readableBytes());
    remaining -= length;
    if (remaining == 0) {
      state = behind;
    }
    out.data(bytes.readRetainedSlice(length));
  }

  // ---- the head

  private void head(ByteBuf bytes) {
    int from = bytes.readerIndex();
    int status = 0;
    for (int i = from + STATUS; i < from + STATUS + 3; i++) {
      status = status * 10 + (bytes.getByte(i) - '0');
    }
    Http2Headers fields = new DefaultHttp2Headers(false, 16);
    fields.status(Integer.toString(status));
    boolean chunked = false;
    long length = -1;
    int at = lineEnd(bytes, from) + 1;
    int end;
    while ((end = lineEnd(bytes, at)) > at + 1) {
      int colon = bytes.indexOf(at, end, (byte) ':');
      AsciiString name = text(bytes, at, colon).toLowerCase();
      AsciiString value = text(bytes, colon + 1, end).trim();
      chunked |= name.equals(CHUNKED);
      if (name.equals(LENGTH)) {
        length = value.parseLong();
      }
      if (!OF_THE_CONNECTION.contains(name)) {
        fields.add(name, value);
      }
      at = end + 1;
    }
    bytes.readerIndex(end + 1);
    if (status >= 200) {
      remaining = chunked ? 0 : Math.max(0, length);
      boolean none = headOnly || status == 204 || status == 304 || (!chunked && remaining == 0);
      state = none ? State.WHOLE : chunked ? State.SIZE : State.PLAIN;
    }
    out.head(fields);
  }

  /** The index of the line feed that ends the line. */
  private static int lineEnd(ByteBuf bytes, int from) {
    int end = bytes.indexOf(from, bytes.writerIndex(), (byte) '\n');
    if (end < 0) {
      throw new IllegalStateException("a head that is not whole");
    }
    return end;
  }

  private static AsciiString text(ByteBuf bytes, int from, int to) {
    if (from > to || from <= 0) {
      throw new IllegalStateException("a line of a head without a colon");
    }
    byte[] copy = new byte[to - from];
    bytes.getBytes(from, copy);
    return new AsciiString(copy, false);
  }
}
