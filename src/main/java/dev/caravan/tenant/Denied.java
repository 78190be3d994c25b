package dev.caravan.tenant;

/** Why somebody is not let in. */
public enum Denied implements Standing {
  /** There are no credentials. */
  MISSING("missing"),
  /** What should be credentials is none: another scheme, nothing, or far too much. */
  MALFORMED("malformed"),
  /** Two headers say different things. */
  CONTRADICTORY("contradictory"),
  /** Nobody knows the key, or no provider has made the token for this gateway. */
  UNKNOWN("unknown"),
  /** Its time is over. */
  EXPIRED("expired"),
  /** It cannot be checked now: the provider's keys are not here, or too many are to be checked. */
  UNCHECKED("unchecked");

  private final String label;

  Denied(String label) {
    this.label = label;
  }

  /** Its name in meters. */
  public String label() {
    return label;
  }
}
