package dev.caravan.outcome;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Finds the id of an answer in the bytes that pass: the first member {@code "id"} with a text. Both
 * an answer of the Responses API and the first event of its stream begin with it. The buffers may
 * be split anywhere; none is kept or changed. For one answer and one thread at a time.
 */
public final class AnswerId {
  /** What comes before the id in an answer; beyond, it is not looked for. */
  static final int MAX_BYTES = 4096;

  private static final byte[] KEY = "\"id\"".getBytes(StandardCharsets.US_ASCII);

  private byte[] seen = new byte[256];
  private int length;
  private boolean over;

  /**
   * Looks at the next bytes of the answer.
   *
   * @param index of the first
   * @return the id, once, when it is here
   */
  public @Nullable String scan(ByteBuf bytes, int index, int count) {
    if (over) {
      return null;
    }
    int more = Math.min(count, MAX_BYTES - length);
    if (length + more > seen.length) {
      seen = Arrays.copyOf(seen, Math.max(2 * seen.length, length + more));
    }
    bytes.getBytes(index, seen, length, more);
    length += more;
    String id = find();
    over = id != null || length == MAX_BYTES;
    if (over) {
      seen = KEY; // the rest is no longer needed
    }
    return id;
  }

  private @Nullable String find() {
    for (int i = 0; i + KEY.length < length; i++) {
      if (seen[i] == '"' && Arrays.equals(seen, i, i + KEY.length, KEY, 0, KEY.length)) {
        int quote = behindColon(i + KEY.length);
        int end = quote < 0 ? -1 : closing(quote + 1);
        if (end > quote + 1) {
          return new String(seen, quote + 1, end - quote - 1, StandardCharsets.UTF_8);
        }
      }
    }
    return null;
  }

  /** Where the text of the member begins, at its quote; -1 where it has none, or not yet. */
  private int behindColon(int from) {
    int i = skipSpace(from);
    if (i >= length || seen[i] != ':') {
      return -1;
    }
    i = skipSpace(i + 1);
    return i < length && seen[i] == '"' ? i : -1;
  }

  private int skipSpace(int from) {
    int i = from;
    while (i < length && (seen[i] == ' ' || seen[i] == '\n' || seen[i] == '\r')) {
      i++;
    }
    return i;
  }

  /** The closing quote of a text without escapes, which no id has; -1 where it is not here. */
  private int closing(int from) {
    for (int i = from; i < length; i++) {
      if (seen[i] == '"') {
        return i;
      }
      if (seen[i] == '\\') {
        return -1;
      }
    }
    return -1;
  }
}
