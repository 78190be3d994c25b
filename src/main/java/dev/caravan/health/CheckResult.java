package dev.caravan.health;

import java.util.Locale;

/** What came of asking a server's cheap endpoint. */
public enum CheckResult {
  /** It answered, and not with a 5xx. */
  OK,
  /** It answered with a 5xx, or not in time. */
  FAILED,
  /** Nobody listens there. */
  REFUSED;

  private final String label = name().toLowerCase(Locale.ROOT);

  /** The word for it in metrics. */
  public String label() {
    return label;
  }
}
