package dev.caravan.request;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * Reads one JSON string out of bytes that a parser has accepted already, without the parser: only
 * the few strings that routing needs are ever decoded, and only as far as they are kept.
 */
final class JsonText {
  private static final char REPLACEMENT = '\uFFFD';
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final long ONES = 0x0101010101010101L;
  private static final long QUOTES = '"' * ONES;
  private static final long BACKSLASHES = '\\' * ONES;

  private JsonText() {}

  /**
   * The text of the string that opens at {@code quote}, cut after {@code maxChars} UTF-16 units (a
   * pair of surrogates written as raw UTF-8 is never halved, one written as escapes may be).
   * Unpaired surrogates stay as they are.
   *
   * @param bytes valid UTF-8 and, from {@code quote} to the closing quote, a valid JSON string
   */
  static String decode(byte[] bytes, int quote, int maxChars) {
    int start = quote + 1;
    int i = start;
    while (i - start < maxChars && bytes[i] != '"' && bytes[i] != '\\' && bytes[i] >= 0) {
      i++;
    }
    if (i - start == maxChars || bytes[i] == '"') {
      return new String(bytes, start, i - start, StandardCharsets.ISO_8859_1);
    }
    return decodeAny(bytes, start, maxChars);
  }

  /**
   * The index just behind the closing quote of the string that opens at {@code quote}; that behind
   * the last byte where nothing closes it, which whoever reads on will find.
   */
  static int end(byte[] bytes, int quote) {
    int i = special(bytes, quote + 1);
    while (i < bytes.length && bytes[i] != '"') {
      i = special(bytes, i + 2);
    }
    return Math.min(i + 1, bytes.length);
  }

  /**
   * The first quote or backslash from {@code from} on, within a string; not an index of the bytes
   * where there is none. Looks at eight bytes at a time.
   */
  static int special(byte[] bytes, int from) {
    int i = from;
    for (; i + Long.BYTES <= bytes.length; i += Long.BYTES) {
      long word = (long) LONG.get(bytes, i);
      long found = zeros(word ^ QUOTES) | zeros(word ^ BACKSLASHES);
      if (found != 0) {
        return i + Long.numberOfTrailingZeros(found) / Byte.SIZE;
      }
    }
    while (i < bytes.length && bytes[i] != '"' && bytes[i] != '\\') {
      i++;
    }
    return i;
  }

  /**
   * The high bit of every byte that is 0; of a byte above one that is 0, perhaps as well. Source:
   * Mycroft's test, in Warren, "Hacker's Delight", 2nd edition, section 6-1.
   */
  private static long zeros(long word) {
    return (word - ONES) & ~word & (ONES << 7);
  }

  /** The index just behind the value that starts at {@code start}. */
  static int behind(byte[] bytes, int start) {
    int i = start;
    int depth = 0;
    do {
      switch (bytes[i]) {
        case '"' -> i = end(bytes, i);
        case '{', '[' -> {
          depth++;
          i++;
        }
        case '}', ']' -> {
          depth--;
          i++;
        }
        default -> i++;
      }
    } while (depth > 0);
    if (bytes[start] != '"' && bytes[start] != '{' && bytes[start] != '[') {
      while (i < bytes.length && isLiteral(bytes[i])) {
        i++;
      }
    }
    return i;
  }

  /** Whether a byte may be within a number or a word. */
  private static boolean isLiteral(byte b) {
    return (b >= '0' && b <= '9')
        || (b >= 'a' && b <= 'z')
        || b == '-'
        || b == '+'
        || b == '.'
        || b == 'E';
  }

  /** Whether a surrogate stands in the text without its other half. */
  static boolean hasUnpairedSurrogate(String text) {
    return firstUnpairedSurrogate(text) >= 0;
  }

  /** The text with every unpaired surrogate replaced by U+FFFD, so that any encoder takes it. */
  static String wellFormed(String text) {
    int first = firstUnpairedSurrogate(text);
    if (first < 0) {
      return text;
    }
    StringBuilder fixed = new StringBuilder(text);
    for (int i = first; i < fixed.length(); i++) {
      if (Character.isSurrogate(fixed.charAt(i))) {
        if (isPair(fixed, i)) {
          i++;
        } else {
          fixed.setCharAt(i, REPLACEMENT);
        }
      }
    }
    return fixed.toString();
  }

  private static int firstUnpairedSurrogate(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (Character.isSurrogate(text.charAt(i))) {
        if (!isPair(text, i)) {
          return i;
        }
        i++;
      }
    }
    return -1;
  }

  private static boolean isPair(CharSequence text, int i) {
    return i + 1 < text.length() && Character.isSurrogatePair(text.charAt(i), text.charAt(i + 1));
  }

  private static String decodeAny(byte[] bytes, int start, int maxChars) {
    StringBuilder text = new StringBuilder(64);
    int i = start;
    while (bytes[i] != '"' && text.length() < maxChars) {
      int lead = bytes[i];
      if (lead == '\\') {
        if (bytes[i + 1] == 'u') {
          text.append((char) hex(bytes, i + 2));
          i += 6;
        } else {
          text.append(unescape(bytes[i + 1]));
          i += 2;
        }
      } else if (lead >= 0) {
        text.append((char) lead);
        i++;
      } else if ((lead & 0xE0) == 0xC0) {
        text.append((char) ((lead & 0x1F) << 6 | tail(bytes[i + 1])));
        i += 2;
      } else if ((lead & 0xF0) == 0xE0) {
        text.append((char) ((lead & 0xF) << 12 | tail(bytes[i + 1]) << 6 | tail(bytes[i + 2])));
        i += 3;
      } else {
        if (text.length() + 2 > maxChars) {
          break;
        }
        text.appendCodePoint(
            (lead & 0x7) << 18
                | tail(bytes[i + 1]) << 12
                | tail(bytes[i + 2]) << 6
                | tail(bytes[i + 3]));
        i += 4;
      }
    }
    return text.toString();
  }

  /** The six bits of a character that a byte behind the first holds. */
  private static int tail(byte b) {
    return b & 0x3F;
  }

  static int hex(byte[] bytes, int from) {
    int value = 0;
    for (int i = from; i < from + 4; i++) {
      value = value << 4 | Character.digit(bytes[i], 16);
    }
    return value;
  }

  static char unescape(byte escaped) {
    return switch (escaped) {
      case 'b' -> '\b';
      case 'f' -> '\f';
      case 'n' -> '\n';
      case 'r' -> '\r';
      case 't' -> '\t';
      default -> (char) escaped;
    };
  }
}
