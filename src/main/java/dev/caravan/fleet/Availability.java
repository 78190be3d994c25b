package dev.caravan.fleet;

/**
 * Whether new requests may go to a server, and why not. Immutable; a {@link Backend} swaps it
 * whole.
 *
 * @param use whether the server may be picked
 * @param reason for people: what made it so
 * @param untilNanos when it ends by itself, on the ticker's scale; {@link #UNTIL_NEWS} where only
 *     news of the server ends it
 */
public record Availability(ServerState state, Use use, String reason, long untilNanos) {

  /** What a server may be picked for. */
  public enum Use {
    /** Any request. */
    ANY,
    /** Requests of a pool of which too few others are left: the verdict may be wrong. */
    LAST_RESORT,
    /** None: a request would fail for certain, or must not come. */
    NONE
  }

  /** No end of its own. */
  public static final long UNTIL_NEWS = Long.MAX_VALUE;

  /** Nothing is known against it. */
  public static final Availability UP =
      new Availability(ServerState.HEALTHY, Use.ANY, "up", UNTIL_NEWS);

  /** Out until there is news. */
  public static Availability down(String reason) {
    return new Availability(ServerState.DOWN, Use.NONE, reason, UNTIL_NEWS);
  }

  /** Whether any request may go there. */
  public boolean eligible() {
    return use == Use.ANY;
  }
}
