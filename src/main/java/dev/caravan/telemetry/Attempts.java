package dev.caravan.telemetry;

import org.HdrHistogram.Histogram;

/**
 * What one pool has had of one server since the start: sums that only grow, each read by itself.
 * Safe for any thread.
 */
public interface Attempts {

  /** The pool's name. */
  String pool();

  /** Attempts that are over, however they ended. */
  long ended();

  /** Those among them that the server failed at, its own 5xx included. */
  long failed();

  /** Prompt tokens, as far as the server told. */
  long inputTokens();

  /** Output tokens, as far as the server told. */
  long outputTokens();

  /** Prompt tokens that the server found in its prefix cache, as far as it told. */
  long cachedTokens();

  /** All prompt tokens of the answers that told of cached ones. */
  long cachableTokens();

  /** Adds the times from the pick to the first byte of the answer, in microseconds. */
  void addFirstBytesTo(Histogram sum);
}
