package dev.caravan.fleet;

import java.util.Locale;

/** What health believes of a model server. One at a time; docs/health.md draws the transitions. */
public enum ServerState {
  /** Nothing is known against it. */
  HEALTHY,
  /** It works, and has no room to spare: it queues, throttles, or answers probes late. */
  BUSY,
  /** Something speaks against it, not yet enough to take it out. */
  SUSPECT,
  /** It accepts requests and produces nothing, whatever its cheap endpoint says. */
  HUNG,
  /** It cannot be reached, fails at its work, or refuses the gateway's credentials. */
  DOWN,
  /** It is back, and takes its share of the traffic little by little. */
  WARMING,
  /** An operator wants it empty: it finishes what it has and gets nothing new. */
  DRAINING;

  private final String label = name().toLowerCase(Locale.ROOT);

  /** The word for it in logs and metrics. */
  public String label() {
    return label;
  }
}
