package dev.caravan.health;

/** What came of one prompt probe. Immutable. */
public sealed interface ProbeVerdict {

  /** A right answer in time. */
  record Good() implements ProbeVerdict {}

  /**
   * No answer in time: the server is full, or stuck.
   *
   * @param reason short, for people
   */
  record Unanswered(String reason) implements ProbeVerdict {}

  /**
   * An answer that is not right, or no connection: whatever else the server does, it fails at this.
   *
   * @param reason short, for people; never the text of an answer
   */
  record Wrong(String reason) implements ProbeVerdict {}
}
