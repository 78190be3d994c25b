package dev.caravan.simulator;

/** What an engine has done since it was made. For the thread that drives the engine. */
public final class EngineCounters {
  long steps;
  long prefillTokens;
  long promptTokens;
  long generatedTokens;
  long prefixQueryTokens;
  long prefixHitTokens;
  long preemptions;
  long finished;
  long aborted;

  EngineCounters() {}

  /** Steps begun. */
  public long steps() {
    return steps;
  }

  /** Prompt tokens computed, cached ones not counted, recomputed ones counted again. */
  public long prefillTokens() {
    return prefillTokens;
  }

  /** Prompt tokens of the sequences whose prefill is done, cached ones counted. */
  public long promptTokens() {
    return promptTokens;
  }

  /** Output tokens made. */
  public long generatedTokens() {
    return generatedTokens;
  }

  /** Prompt tokens looked up in the prefix cache. */
  public long prefixQueryTokens() {
    return prefixQueryTokens;
  }

  /** Prompt tokens found in the prefix cache. */
  public long prefixHitTokens() {
    return prefixHitTokens;
  }

  /** How often a sequence lost its KV blocks to another one. */
  public long preemptions() {
    return preemptions;
  }

  /** Sequences that made all their tokens. */
  public long finished() {
    return finished;
  }

  /** Sequences given up from outside. */
  public long aborted() {
    return aborted;
  }
}
