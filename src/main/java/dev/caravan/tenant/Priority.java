package dev.caravan.tenant;

/** In whose order requests wait where they must, the most urgent first. */
public enum Priority {
  /** Somebody looks at a cursor. */
  INTERACTIVE("interactive"),
  /** Nobody said anything. */
  DEFAULT("default"),
  /** Nobody waits for it. */
  BATCH("batch");

  private final String label;

  Priority(String label) {
    this.label = label;
  }

  /** Its name in files, headers and meters. */
  public String label() {
    return label;
  }
}
