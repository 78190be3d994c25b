package dev.caravan.admission;

/** Why something was turned away at the door, a fixed set for metrics. */
public enum Shed {
  /** The event loop of the request runs its tasks too late. */
  LOOP_LAG("loop_lag"),
  /** The heap or the direct memory is nearly used up. */
  MEMORY("memory"),
  /** As many requests are being answered as may be. */
  REQUESTS("requests"),
  /** As many connections are open as may be. */
  CONNECTIONS("connections");

  private final String label;

  Shed(String label) {
    this.label = label;
  }

  /** A metric label: lower case, words joined by {@code _}. */
  public String label() {
    return label;
  }
}
