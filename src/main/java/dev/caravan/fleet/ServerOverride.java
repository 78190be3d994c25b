package dev.caravan.fleet;

import org.jspecify.annotations.Nullable;

/**
 * What an operator has set over what the routes say of a server. Immutable.
 *
 * @param drain whether it is to be emptied
 * @param eject whether it is taken for a server that is down
 * @param weight its weight in place of the route's, from 1 to 256; null for the route's
 * @param by who set it last
 * @param atMillis when, since 1970-01-01T00:00Z
 */
public record ServerOverride(
    boolean drain, boolean eject, @Nullable Integer weight, String by, long atMillis) {

  /** Nothing is set. */
  public static final ServerOverride NONE = new ServerOverride(false, false, null, "", 0);

  /** Whether it leaves everything as the routes say. */
  public boolean isNone() {
    return !drain && !eject && weight == null;
  }

  /** The same, but for whether it is to be emptied. */
  public ServerOverride withDrain(boolean wanted) {
    return new ServerOverride(wanted, eject, weight, by, atMillis);
  }

  /** The same, but for whether it is taken for one that is down. */
  public ServerOverride withEject(boolean wanted) {
    return new ServerOverride(drain, wanted, weight, by, atMillis);
  }

  /** The same with another weight; null for the route's. */
  public ServerOverride withWeight(@Nullable Integer wanted) {
    return new ServerOverride(drain, eject, wanted, by, atMillis);
  }

  /** The same, set by somebody at a time. */
  public ServerOverride signed(String who, long epochMillis) {
    return new ServerOverride(drain, eject, weight, who, epochMillis);
  }
}
