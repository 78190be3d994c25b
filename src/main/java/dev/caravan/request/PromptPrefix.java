package dev.caravan.request;

/**
 * A prompt as a server's prefix cache sees it: cut from its beginning into chunks of {@value
 * #CHUNK_TOKENS} tokens, each with a hash that depends on everything before it, so that equal
 * hashes mean equal beginnings. What is left behind the last whole chunk does not count. Immutable.
 */
public final class PromptPrefix {

  /**
   * Tokens of a chunk: eight blocks of vLLM's default size. Smaller ones find a little more and
   * cost more; half a chunk of 64 tokens, which is lost on average, is prefilled in 2 ms.
   */
  public static final int CHUNK_TOKENS = 128;

  /** Bytes of text in a token; OpenAI's rule of thumb, "one token is about four characters". */
  public static final int TOKEN_BYTES = 4;

  /** Nothing that is long enough to be found again. */
  public static final PromptPrefix NONE = new PromptPrefix(new long[0]);

  private final long[] hashes;

  PromptPrefix(long[] hashes) {
    this.hashes = hashes;
  }

  /** How many whole chunks it has. */
  public int chunks() {
    return hashes.length;
  }

  /** The hash of the beginning up to the end of that chunk, from 0; never 0. */
  public long hash(int chunk) {
    return hashes[chunk];
  }

  /** The chained hashes of the prompt field's bytes as written. */
  static PromptPrefix of(byte[] bytes, int from, int to, long seed) {
    int size = CHUNK_TOKENS * TOKEN_BYTES;
    long[] hashes = new long[(to - from) / size];
    long hash = seed;
    for (int i = 0; i < hashes.length; i++) {
      int start = from + i * size;
      hash = (XxHash64.hash(bytes, start, start + size) ^ hash) * 0x9E3779B97F4A7C15L;
      hash ^= hash >>> 29;
      hashes[i] = hash == 0 ? 1 : hash;
    }
    return hashes.length == 0 ? NONE : new PromptPrefix(hashes);
  }
}
