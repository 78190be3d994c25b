package dev.caravan.health;

import java.util.Locale;

/** What came of a prompt probe that was due. */
public enum ProbeResult {
  /** A right answer in time. */
  GOOD,
  /** No answer in time. */
  UNANSWERED,
  /** A wrong answer, or no connection. */
  WRONG,
  /** It was not made: it would have told nothing. */
  SKIPPED,
  /** It was not made: there have been enough this hour. */
  OVER_BUDGET;

  private final String label = name().toLowerCase(Locale.ROOT);

  /** The word for it in metrics. */
  public String label() {
    return label;
  }
}
