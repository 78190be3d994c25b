package dev.caravan.health;

/**
 * What an engine said of itself at one moment. Immutable.
 *
 * @param generatedTokens grows whenever it makes tokens, a sum of its counters; -1 where it does
 *     not count
 * @param running requests that it works on; -1 where it does not say
 * @param waiting requests that queue in it; -1 where it does not say
 * @param kvUsage share of its KV cache that is taken, from 0 to 1; -1 where it does not say
 * @param kvTokens tokens that its prefix cache has room for, 0 where it keeps none; -1 where it
 *     does not say
 */
public record EngineReading(
    long generatedTokens, int running, int waiting, double kvUsage, long kvTokens) {

  /** It says nothing. */
  public static final EngineReading SILENT = new EngineReading(-1, -1, -1, -1);

  /** What an engine said that does not tell the size of its cache. */
  public EngineReading(long generatedTokens, int running, int waiting, double kvUsage) {
    this(generatedTokens, running, waiting, kvUsage, -1);
  }
}
