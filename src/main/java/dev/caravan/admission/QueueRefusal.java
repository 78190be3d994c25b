package dev.caravan.admission;

/**
 * Why a request does not wait, or waits no longer. Immutable.
 *
 * @param expectedMillis how long it would have waited, as far as anybody knows; -1 for unknown
 * @param waiting how many wait in the pool
 */
public record QueueRefusal(Why why, long expectedMillis, int waiting) {

  /** The reasons. */
  public enum Why {
    /** As many wait as may. */
    FULL("full"),
    /** As many wait as may, and of its tenant more than of others. */
    SHARE("share"),
    /** It would not have its turn in the time that it has. */
    DEADLINE("deadline"),
    /** It has not had its turn in the time that it had. */
    TIMEOUT("timeout"),
    /** Its client has left. */
    GONE("gone");

    private final String label;

    Why(String label) {
      this.label = label;
    }

    /** Its name in meters. */
    public String label() {
      return label;
    }
  }
}
