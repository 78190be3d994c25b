package dev.caravan.limit;

/** What a limit counts; a label for metrics. */
public enum Limit {
  /** Requests a minute. */
  REQUESTS("requests"),
  /** Tokens a minute, those of prompts and of answers together. */
  TOKENS("tokens"),
  /** Requests at a time. */
  CONCURRENT("concurrent"),
  /** Tokens a calendar month, in UTC. */
  BUDGET("budget");

  private final String label;

  Limit(String label) {
    this.label = label;
  }

  public String label() {
    return label;
  }
}
