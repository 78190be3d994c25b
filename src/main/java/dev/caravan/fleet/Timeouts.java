package dev.caravan.fleet;

/**
 * How long a server may take, in milliseconds, each from 1; 0 where nobody said. Immutable.
 *
 * @param connectMillis until the connection stands, TLS included
 * @param firstTokenMillis from the start of the attempt to the first byte of the answer's body
 * @param betweenTokensMillis between two parts of an answer
 * @param totalMillis for the whole attempt
 */
public record Timeouts(
    long connectMillis, long firstTokenMillis, long betweenTokensMillis, long totalMillis) {

  /** Nobody said anything. */
  public static final Timeouts UNSAID = new Timeouts(0, 0, 0, 0);

  /*
   * The reasons, all chosen without experiment:
   *
   * - connect 2 s: one SYN may be lost and sent again after 1 s; a machine in the same building
   *   that is slower is down.
   * - first token 120 s: a long prompt waits in the engine's queue and is then prefilled; an answer
   *   that is not streamed has its first byte at its end. Shorter, and a busy server looks dead.
   * - between tokens 60 s: tokens come many a second; a minute of silence inside an answer is a
   *   hung engine.
   * - total 30 min: 32,000 tokens at 18 a second.
   */
  /** What holds where a route says nothing. */
  public static final Timeouts DEFAULT = new Timeouts(2_000, 120_000, 60_000, 1_800_000);

  public Timeouts {
    if (connectMillis < 0 || firstTokenMillis < 0 || betweenTokensMillis < 0 || totalMillis < 0) {
      throw new IllegalArgumentException("a timeout is negative");
    }
  }

  /** These, with those of {@code further} where nobody said. */
  public Timeouts or(Timeouts further) {
    return new Timeouts(
        first(connectMillis, further.connectMillis),
        first(firstTokenMillis, further.firstTokenMillis),
        first(betweenTokensMillis, further.betweenTokensMillis),
        first(totalMillis, further.totalMillis));
  }

  private static long first(long said, long otherwise) {
    return said > 0 ? said : otherwise;
  }
}
