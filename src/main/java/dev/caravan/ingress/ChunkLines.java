package dev.caravan.ingress;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/**
 * Follows the lines between the data of a chunked body: sizes, extensions, trailers. Netty takes
 * white space and control characters before and behind a size for nothing, so that {@code 2 2} is
 * 2, where another reader may have found 22. One body, one connection.
 *
 * @see <a href="https://www.rfc-editor.org/rfc/rfc9112#section-7.1">RFC 9112, 7.1</a>
 */
final class ChunkLines {
  /** Digits of the largest size that Netty takes. */
  private static final int MAX_DIGITS = 8;

  private enum State {
    SIZE,
    BEFORE_EXTENSION,
    EXTENSION,
    SIZE_LF,
    DATA,
    DATA_CR,
    DATA_LF,
    TRAILER,
    TRAILER_LINE,
    TRAILER_LF,
    LAST_LF,
    OVER
  }

  private State state = State.OVER;
  private long remaining;
  private int digits;

  /** A chunked body begins. */
  void begin() {
    state = State.SIZE;
    remaining = 0;
    digits = 0;
  }

  /** Looks at the next bytes of the body; false where they are not what all read as the same. */
  boolean look(ByteBuf in, int from, int to) {
    int at = from;
    while (at < to) {
      if (state == State.DATA) {
        long some = Math.min(remaining, to - at);
        at += (int) some;
        remaining -= some;
        state = remaining == 0 ? State.DATA_CR : State.DATA;
        continue;
      }
      State next = next(in.getByte(at++));
      if (next == null) {
        return false;
      }
      state = next;
    }
    return true;
  }

  private @Nullable State next(byte one) {
    return switch (state) {
      case SIZE -> size(one);
      case BEFORE_EXTENSION ->
          one == ';' ? State.EXTENSION : one == ' ' || one == '\t' ? State.BEFORE_EXTENSION : null;
      case EXTENSION -> inLine(one, State.EXTENSION, State.SIZE_LF);
      case SIZE_LF -> one == '\n' ? remaining == 0 ? State.TRAILER : State.DATA : null;
      case DATA_CR -> one == '\r' ? State.DATA_LF : null;
      case DATA_LF -> {
        if (one != '\n') {
          yield null;
        }
        begin();
        yield State.SIZE;
      }
      case TRAILER ->
          one == '\r'
              ? State.LAST_LF
              : one == ' ' || one == '\t'
                  ? null
                  : inLine(one, State.TRAILER_LINE, State.TRAILER_LF);
      case TRAILER_LINE -> inLine(one, State.TRAILER_LINE, State.TRAILER_LF);
      case TRAILER_LF -> one == '\n' ? State.TRAILER : null;
      case LAST_LF -> one == '\n' ? State.OVER : null;
      case DATA, OVER -> null;
    };
  }

  private @Nullable State size(byte one) {
    int digit = one < 0 ? -1 : Character.digit(one, 16);
    if (digit >= 0) {
      remaining = remaining << 4 | digit;
      return ++digits > MAX_DIGITS ? null : State.SIZE;
    }
    if (digits == 0) {
      return null;
    }
    return switch (one) {
      case '\r' -> State.SIZE_LF;
      case ';' -> State.EXTENSION;
      case ' ', '\t' -> State.BEFORE_EXTENSION;
      default -> null;
    };
  }

  private static @Nullable State inLine(byte one, State stay, State end) {
    boolean control = one == 0x7f || (one >= 0 && one < ' ' && one != '\t');
    return one == '\r' ? end : control ? null : stay;
  }
}
