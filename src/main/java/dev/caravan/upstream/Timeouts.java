package dev.caravan.upstream;

/**
 * How long a server may take, in milliseconds, each from 1. Immutable.
 *
 * @param connectMillis until the connection stands, TLS included
 * @param firstByteMillis from the start of the attempt to the first byte of the answer's body
 * @param idleMillis between two parts of an answer
 * @param totalMillis for the whole attempt
 */
public record Timeouts(
    long connectMillis, long firstByteMillis, long idleMillis, long totalMillis) {

  /*
   * The reasons, all chosen without experiment:
   *
   * - connect 2 s: one SYN may be lost and sent again after 1 s; a machine in the same building
   *   that is slower is down.
   * - first byte 120 s: a long prompt waits in the engine's queue and is then prefilled; an answer
   *   that is not streamed has its first byte at its end. Shorter, and a busy server looks dead.
   * - idle 60 s: tokens come many a second; a minute of silence inside an answer is a hung engine.
   * - total 30 min: 32,000 tokens at 18 a second.
   */
  /** What holds where a route says nothing. */
  public static final Timeouts DEFAULT = new Timeouts(2_000, 120_000, 60_000, 1_800_000);

  public Timeouts {
    if (connectMillis < 1 || firstByteMillis < 1 || idleMillis < 1 || totalMillis < 1) {
      throw new IllegalArgumentException("a timeout is less than 1 ms");
    }
  }
}
