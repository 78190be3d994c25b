package dev.caravan.request;

import dev.caravan.time.Chance;
import org.jspecify.annotations.Nullable;

/**
 * The id that one request carries through logs, headers and model servers: the client's own {@code
 * x-request-id} where it is harmless, otherwise a new one.
 */
public final class RequestId {

  /** The longest id that is taken over. Chosen without experiment: three UUIDs and a prefix. */
  public static final int MAX_LENGTH = 128;

  /**
   * What the ids in use are made of: UUIDs, ULIDs, base64 of both alphabets, {@code
   * Root=1-67891233-abcdef;Self=…} of AWS, {@code |trace.span.} of Application Insights. No quotes,
   * white space, brackets, {@code $} or {@code %}: an id is copied into logs and headers as it is.
   */
  private static final String PUNCTUATION = "-._~:;/+=@|#";

  /** RFC 4648 section 5, "base64url". */
  private static final char[] ALPHABET =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".toCharArray();

  /** Characters for 64 bits, at 6 bits each. */
  private static final int HALF = 11;

  private RequestId() {}

  /** The incoming id if it {@linkplain #isAcceptable is acceptable}, otherwise a new one. */
  public static String of(@Nullable CharSequence incoming, Chance chance) {
    return incoming != null && isAcceptable(incoming) ? incoming.toString() : next(chance);
  }

  /** Whether a client's id has 1 to 128 characters, all from the harmless set. */
  public static boolean isAcceptable(CharSequence id) {
    int length = id.length();
    if (length == 0 || length > MAX_LENGTH) {
      return false;
    }
    for (int i = 0; i < length; i++) {
      char c = id.charAt(i);
      boolean alphanumeric =
          (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
      if (!alphanumeric && PUNCTUATION.indexOf(c) < 0) {
        return false;
      }
    }
    return true;
  }

  /**
   * A new id: 128 random bits in 22 URL-safe characters. Unique in practice, no secret: two ids
   * among n are equal with probability below n² / 2¹²⁹ where the bits are uniform.
   */
  public static String next(Chance chance) {
    char[] id = new char[2 * HALF];
    write(chance.bits(), id, 0);
    write(chance.bits(), id, HALF);
    return new String(id);
  }

  private static void write(long bits, char[] id, int from) {
    for (int i = 0; i < HALF; i++) {
      id[from + i] = ALPHABET[(int) (bits >>> (6 * i)) & 63];
    }
  }
}
