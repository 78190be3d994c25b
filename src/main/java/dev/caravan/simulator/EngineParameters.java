package dev.caravan.simulator;

/**
 * What a simulated engine is made of. Immutable.
 *
 * @param stepTime how long an iteration takes
 * @param apiEntryNanos from a request's arrival to the waiting queue (HTTP, tokenizer, hand-over),
 *     from 0. Source of the default of 15 ms: BLIS, inference-sim's trained coefficients
 * @param outputTokenNanos what handing out a token adds to the step that made it, from 0. Source of
 *     the default of 46 µs: BLIS; there it is part of each request's own inter-token latency, so it
 *     is added once to a step and not once for each of its sequences
 * @param tokenBudget the most prefill and decode tokens of one step, at least {@code maxSequences}
 *     so that decodes always fit; vLLM's {@code --max-num-batched-tokens}
 * @param maxSequences the most sequences that run at once, from 1; vLLM's {@code --max-num-seqs}
 * @param blockTokens tokens of a KV block, from 1; vLLM's {@code --block-size}
 * @param kvBlocks how many KV blocks the card holds, from 1. At 128 KiB a token an 80 GB card with
 *     the model's weights on it has room for 455k tokens, or 28.4k blocks of 16
 */
public record EngineParameters(
    StepTime stepTime,
    long apiEntryNanos,
    long outputTokenNanos,
    int tokenBudget,
    int maxSequences,
    int blockTokens,
    int kvBlocks) {

  /** Llama-3.1-8B in bf16 on one H100 with 80 GB. */
  public static final EngineParameters H100 =
      new EngineParameters(StepTime.H100, 15_000_000, 46_000, 2_048, 256, 16, 28_400);

  /** Llama-3.1-8B in bf16 on one A100 with 80 GB. */
  public static final EngineParameters A100 = H100.withStepTime(StepTime.A100);

  public EngineParameters {
    if (apiEntryNanos < 0 || outputTokenNanos < 0) {
      throw new IllegalArgumentException("apiEntryNanos and outputTokenNanos must be from 0");
    }
    if (maxSequences < 1 || blockTokens < 1 || kvBlocks < 1) {
      throw new IllegalArgumentException(
          "maxSequences, blockTokens and kvBlocks must be from 1, were "
              + maxSequences
              + ", "
              + blockTokens
              + ", "
              + kvBlocks);
    }
    if (tokenBudget < maxSequences) {
      throw new IllegalArgumentException(
          "tokenBudget " + tokenBudget + " must be at least maxSequences " + maxSequences);
    }
  }

  /** The most tokens, prompt and output, of one sequence that can ever run. */
  public long capacityTokens() {
    return (long) kvBlocks * blockTokens;
  }

  public EngineParameters withStepTime(StepTime other) {
    return new EngineParameters(
        other, apiEntryNanos, outputTokenNanos, tokenBudget, maxSequences, blockTokens, kvBlocks);
  }

  /** The same with another most of sequences that run at once, from 1. */
  public EngineParameters withMaxSequences(int most) {
    return new EngineParameters(
        stepTime, apiEntryNanos, outputTokenNanos, tokenBudget, most, blockTokens, kvBlocks);
  }

  /** The same with another KV cache. */
  public EngineParameters withKv(int blocks, int tokensOfBlock) {
    return new EngineParameters(
        stepTime,
        apiEntryNanos,
        outputTokenNanos,
        tokenBudget,
        maxSequences,
        tokensOfBlock,
        blocks);
  }
}
