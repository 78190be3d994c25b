package dev.caravan.simulator;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Turns text into what an engine counts: tokens, and the chained hashes of its KV blocks. Pure.
 *
 * <p>A token is taken to be {@value #TOKEN_BYTES} bytes of UTF-8, the usual estimate for English.
 */
public final class PromptBlocks {

  /** Bytes of UTF-8 in a token; OpenAI's rule of thumb, "one token is about four characters". */
  public static final int TOKEN_BYTES = 4;

  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final long SEED = 0x243F6A8885A308D3L; // the first bits of pi's fraction
  private static final long MULTIPLIER = 0x9E3779B97F4A7C15L;

  private PromptBlocks() {}

  /** The tokens of a text of so many bytes, from 1. */
  public static int tokens(int utf8Bytes) {
    return Math.max(1, (utf8Bytes + TOKEN_BYTES - 1) / TOKEN_BYTES);
  }

  /**
   * The hashes of the text's full blocks; each depends on all text before it, so that equal hashes
   * mean equal prefixes.
   *
   * @param blockTokens tokens of a KV block, from 1
   */
  public static long[] hashes(byte[] utf8, int blockTokens) {
    int blockBytes = blockTokens * TOKEN_BYTES;
    long[] hashes = new long[utf8.length / blockBytes];
    long hash = SEED;
    int at = 0;
    for (int i = 0; i < hashes.length; i++) {
      int end = at + blockBytes;
      for (; at + Long.BYTES <= end; at += Long.BYTES) {
        hash = mix(hash ^ (long) LONG.get(utf8, at));
      }
      for (; at < end; at++) {
        hash = mix(hash ^ utf8[at]);
      }
      hashes[i] = hash;
    }
    return hashes;
  }

  /** A 64-bit hash of a whole text, for choices that must be the same every time. */
  static long digest(byte[] utf8, long seed) {
    long hash = SEED ^ seed;
    int at = 0;
    for (; at + Long.BYTES <= utf8.length; at += Long.BYTES) {
      hash = mix(hash ^ (long) LONG.get(utf8, at));
    }
    for (; at < utf8.length; at++) {
      hash = mix(hash ^ utf8[at]);
    }
    return mix(hash ^ utf8.length);
  }

  private static long mix(long value) {
    long product = value * MULTIPLIER;
    return product ^ (product >>> 32);
  }
}
