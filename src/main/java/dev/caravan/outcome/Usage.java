package dev.caravan.outcome;

/**
 * The tokens that a model server says an answer cost. Each is -1 where the server did not say.
 *
 * @param promptTokens tokens of the prompt, the cached ones included
 * @param completionTokens tokens of the answer
 * @param cachedTokens tokens of the prompt whose prefill the server's prefix cache saved
 */
public record Usage(long promptTokens, long completionTokens, long cachedTokens) {

  /** An answer that says nothing about its cost. */
  public static final Usage UNKNOWN = new Usage(-1, -1, -1);
}
