package dev.caravan.fleet;

/** A value that must not be seen: it prints as {@code ***}, whoever logs it. */
public final class Secret {
  private final String value;

  public Secret(String value) {
    this.value = value;
  }

  /** The value itself, for the wire alone. */
  public String reveal() {
    return value;
  }

  @Override
  public String toString() {
    return "***";
  }
}
