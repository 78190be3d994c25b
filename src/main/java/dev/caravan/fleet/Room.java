package dev.caravan.fleet;

import java.util.Locale;

/** Whether a server has room for one more background request, and what stands against it. */
public enum Room {
  /** It has. */
  FREE(""),
  /** What is left of its slots is kept for interactive requests. */
  SLOTS("the slots that are left are kept for interactive requests"),
  /** An interactive request waits there for its first token. */
  QUEUE("an interactive request waits for its first token"),
  /** The background prompt before was so lately that this one would be in the way. */
  PACE("the background prompt before was a moment ago"),
  /** Background requests hold their share of its cache. */
  CACHE("background requests hold their share of the cache");

  private final String label = name().toLowerCase(Locale.ROOT);
  private final String reason;

  Room(String reason) {
    this.reason = reason;
  }

  /** The word for it in a snapshot's line. */
  public String label() {
    return label;
  }

  /** What stands against it, for people; empty for {@link #FREE}. */
  public String reason() {
    return reason;
  }
}
