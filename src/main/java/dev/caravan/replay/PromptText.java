package dev.caravan.replay;

import dev.caravan.time.Chance;
import java.util.Arrays;

/**
 * Writes the text that a trace leaves out: made-up words, the same for the same blocks, so that
 * prompts begin alike where the trace says so. For one thread.
 *
 * <p>A block of 512 tokens has between 3.2 and 4.8 bytes a token, as its id decides: a gateway that
 * estimates tokens from bytes is off here as it is in life, where English has 4 to 5, and code, or
 * other languages, less.
 */
final class PromptText {
  private static final double LEAST_BYTES = 3.2;
  private static final double MORE_BYTES = 1.6;

  private byte[] bytes = new byte[1 << 16];
  private int length;

  /** Begins a new text. */
  void clear() {
    length = 0;
  }

  /** Appends ASCII that is valid inside JSON. */
  void append(String ascii) {
    room(ascii.length());
    for (int i = 0; i < ascii.length(); i++) {
      bytes[length++] = (byte) ascii.charAt(i);
    }
  }

  /**
   * Appends the text of a block.
   *
   * @param tokens how many of its 512 are there, from 1
   */
  void append(long id, int tokens) {
    long state = Chance.mix(id ^ 0x6A09E667F3BCC908L);
    double perToken = LEAST_BYTES + MORE_BYTES * ((state >>> 11) * 0x1.0p-53);
    int end = length + (int) Math.round(perToken * tokens);
    room(end - length);
    while (length < end) {
      state = Chance.mix(state + 0x9E3779B97F4A7C15L);
      long word = state;
      for (int letters = 2 + (int) (word & 7); letters > 0 && length < end - 1; letters--) {
        word >>>= 5;
        bytes[length++] = (byte) ('a' + (word & 31) % 26);
      }
      bytes[length++] = ' ';
    }
  }

  /** A copy of all that was appended. */
  byte[] copy() {
    return Arrays.copyOf(bytes, length);
  }

  private void room(int more) {
    if (length + more > bytes.length) {
      bytes = Arrays.copyOf(bytes, Math.max(2 * bytes.length, length + more));
    }
  }
}
