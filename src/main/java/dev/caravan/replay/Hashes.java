package dev.caravan.replay;

import dev.caravan.time.Chance;

/** What an engine knows a prompt by: chained hashes of its KV blocks, made from a trace's ids. */
final class Hashes {
  private Hashes() {}

  /**
   * The hashes of a prompt's full KV blocks.
   *
   * @param blockTokens tokens of a KV block, of which a whole number makes a block of the trace
   */
  static long[] of(Trace.Request request, int blockTokens) {
    long[] hashes = new long[request.inputTokens() / blockTokens];
    int perId = Trace.BLOCK_TOKENS / blockTokens;
    long hash = 0x243F6A8885A308D3L;
    for (int i = 0; i < hashes.length; i++) {
      hash = Chance.mix(hash ^ Chance.mix(request.blocks()[i / perId] * perId + i % perId));
      hashes[i] = hash;
    }
    return hashes;
  }
}
