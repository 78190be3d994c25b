package dev.caravan.fleet;

/**
 * Whether new requests may go to a server, and why not. Immutable; a {@link Backend} swaps it
 * whole.
 *
 * @param eligible whether the server may be picked
 * @param reason for people: what made it so
 */
public record Availability(boolean eligible, String reason) {

  /** Nothing is known against it. */
  public static final Availability UP = new Availability(true, "up");

  public static Availability down(String reason) {
    return new Availability(false, reason);
  }
}
