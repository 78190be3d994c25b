package dev.caravan.request;

import dev.caravan.time.Chance;

/**
 * A prompt as a server's prefix cache sees it: cut from its beginning into chunks of {@value
 * #CHUNK_TOKENS} tokens, each with a hash that depends on everything before it, so that equal
 * hashes mean equal beginnings. What is left behind the last whole chunk does not count. Immutable.
 *
 * <p>What is hashed is the text, as {@link PromptReader} has it, not how its JSON is written. The
 * tenant, the model's name and the tools are in every hash: a prompt of another tenant, for another
 * adapter or with other tools has no chunk in common with this one.
 *
 * <p>Hashes are not cryptographic (XXH64). Whoever can choose prompts can make two that collide,
 * and so mislead the choice of a server for prompts of its own tenant. Not for those of another:
 * the tenant goes into the hash together with a number that this process drew at its start and
 * shows nobody. So hashes mean nothing to another process.
 */
public final class PromptPrefix {

  /**
   * Tokens of a chunk: eight blocks of vLLM's default size. Smaller ones find a little more and
   * cost more; half a chunk of 64 tokens, which is lost on average, is prefilled in 2 ms.
   */
  public static final int CHUNK_TOKENS = 128;

  /** Bytes of text in a token; OpenAI's rule of thumb, "one token is about four characters". */
  public static final int TOKEN_BYTES = 4;

  /**
   * The most chunks: a million tokens, the longest context that common models have. What a longer
   * prompt has behind them does not count.
   */
  public static final int MAX_CHUNKS = 8_192;

  /** Nothing that is long enough to be found again. */
  public static final PromptPrefix NONE = new PromptPrefix(new long[0], 0);

  private static final long SECRET = Chance.system().bits();

  private final long[] hashes;
  private final int headTokens;

  /**
   * A prefix of those hashes.
   *
   * @param headTokens of what stands before the first chunk: the tools
   */
  PromptPrefix(long[] hashes, int headTokens) {
    this.hashes = hashes;
    this.headTokens = headTokens;
  }

  /** How many whole chunks it has, from 0 to {@link #MAX_CHUNKS}. */
  public int chunks() {
    return hashes.length;
  }

  /** The hash of the beginning up to the end of that chunk, from 0; never 0. */
  public long hash(int chunk) {
    return hashes[chunk];
  }

  /** About how many tokens its first chunks have, with the tools before them; 0 for no chunk. */
  public int tokens(int chunks) {
    return chunks == 0 ? 0 : headTokens + chunks * CHUNK_TOKENS;
  }

  /** Tokens of what stands before the first chunk: the tools. */
  public int headTokens() {
    return headTokens;
  }

  /** What the hashes of a prompt begin with. */
  static long seed(long tenant, String model, long tools) {
    long hash = Chance.mix(SECRET ^ tenant);
    for (int i = 0; i < model.length(); i++) {
      hash = (hash ^ model.charAt(i)) * 0x100000001B3L;
    }
    return Chance.mix(Chance.mix(hash) ^ tools);
  }
}
