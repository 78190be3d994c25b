package dev.caravan.fleet;

/**
 * What a request asks of a server, as far as that is known when the server is picked: estimates, in
 * tokens from 0. Immutable.
 *
 * @param promptTokens of the whole prompt
 * @param cachedTokens those of them that the server is thought to have in its prefix cache
 * @param outputTokens how long the answer is thought to be
 * @param streamed whether the answer's first byte is its first token, and not the whole of it
 * @param background whether it yields to interactive requests
 */
public record Work(
    int promptTokens, int cachedTokens, int outputTokens, boolean streamed, boolean background) {

  /** Nothing is known of it. */
  public static final Work UNKNOWN = new Work(0, 0, 0, false);

  /** Nothing is known of it but that it is background work. */
  public static final Work UNKNOWN_BACKGROUND = new Work(0, 0, 0, false, true);

  public Work {
    if (promptTokens < 0 || outputTokens < 0 || cachedTokens < 0 || cachedTokens > promptTokens) {
      throw new IllegalArgumentException(
          "not an amount of work: "
              + promptTokens
              + " prompt, "
              + cachedTokens
              + " cached, "
              + outputTokens
              + " output tokens");
    }
  }

  /** An interactive request's. */
  public Work(int promptTokens, int cachedTokens, int outputTokens, boolean streamed) {
    this(promptTokens, cachedTokens, outputTokens, streamed, false);
  }

  /** Tokens of the prompt that are to be computed. */
  public int prefillTokens() {
    return promptTokens - cachedTokens;
  }

  /** Tokens of the prompt and of the answer. */
  public int totalTokens() {
    return promptTokens + outputTokens;
  }
}
