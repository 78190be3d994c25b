package dev.caravan.request;

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

  /** Whether there is one. */
  public boolean known() {
    return source != Source.NONE;
  }
}
