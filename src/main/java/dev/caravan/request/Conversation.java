package dev.caravan.request;

import io.netty.util.concurrent.FastThreadLocal;
import java.nio.charset.StandardCharsets;

/**
 * What a request belongs to, so that it can be sent where the requests before it went. Immutable.
 *
 * @param source where the key came from
 * @param digest 64 bits of the key, never the key itself; 0 for {@link #NONE} alone. The same key
 *     has the same digest in every process, so that all gateways choose alike. Not cryptographic:
 *     it may decide where a request goes, never what its client may see
 */
public record Conversation(Source source, long digest) {

  /** Where a key came from, in the order in which they count by default. */
  public enum Source {
    /** Nothing names a conversation. */
    NONE("none"),
    /** An expression in the route. */
    ROUTE("route"),
    /** A header of an agent or a session. */
    HEADER("header"),
    /** The key of a message in a queue. */
    KEY("key"),
    /** The gateway's own cookie. */
    COOKIE("cookie"),
    /** The body's {@code previous_response_id}: a server that stores answers has it. */
    PREVIOUS_RESPONSE("previous-response"),
    /** Another field of the body. */
    BODY("body"),
    /** The first messages. */
    PROMPT("prompt"),
    /** The client's address. */
    ADDRESS("address");

    private final String label;

    Source(String label) {
      this.label = label;
    }

    /** The word for it in logs and metrics. */
    public String label() {
      return label;
    }
  }

  /** A request that stands alone. */
  public static final Conversation NONE = new Conversation(Source.NONE, 0);

  /** Room for the bytes of a key that is plain ASCII, as nearly all are. */
  private static final FastThreadLocal<byte[]> SCRATCH =
      new FastThreadLocal<>() {
        @Override
        protected byte[] initialValue() {
          return new byte[ConversationKeys.MAX_LENGTH];
        }
      };

  /**
   * The conversation that a key names, wherever it stood: the same text in a header and in the body
   * is one conversation. What stands behind its first {@link ConversationKeys#MAX_LENGTH} UTF-16
   * units does not count.
   *
   * @param source where it stood
   * @param key anything; {@link #NONE} for a blank one
   */
  public static Conversation of(Source source, String key) {
    return key.isBlank() ? NONE : new Conversation(source, digest(key));
  }

  /**
   * As {@link #of(Source, String)}, for a key that is a hash already.
   *
   * @param hash any 64 bits
   */
  public static Conversation ofHash(Source source, long hash) {
    return new Conversation(source, hash == 0 ? 1 : hash);
  }

  /** 64 bits (XXH64) of a text's first characters in UTF-8; the same in every process, never 0. */
  public static long digest(String text) {
    int length = Math.min(text.length(), ConversationKeys.MAX_LENGTH);
    byte[] bytes = SCRATCH.get();
    int i = 0;
    for (char c; i < length && (c = text.charAt(i)) < 0x80; i++) {
      bytes[i] = (byte) c;
    }
    if (i < length) {
      if (length < text.length() && Character.isHighSurrogate(text.charAt(length - 1))) {
        length--;
      }
      bytes = text.substring(0, length).getBytes(StandardCharsets.UTF_8);
      i = bytes.length;
    }
    long hash = XxHash64.hash(bytes, 0, i);
    return hash == 0 ? 1 : hash;
  }

  /** Whether there is one. */
  public boolean known() {
    return source != Source.NONE;
  }
}
