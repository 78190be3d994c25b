package dev.caravan.request;

import java.util.Arrays;

/**
 * Takes bytes, and hashes them chunk by chunk, each hash made from the one before. Belongs to one
 * thread, which uses it again and again.
 */
final class ChunkHash {
  private static final int CHUNK_BYTES = PromptPrefix.CHUNK_TOKENS * PromptPrefix.TOKEN_BYTES;

  private final byte[] chunk = new byte[CHUNK_BYTES];

  /** Kept from prompt to prompt; 64 KiB at most. */
  private long[] hashes = new long[64];

  private int fill;
  private int count;
  private long hash;

  /** Starts over. */
  void begin(long seed) {
    hash = seed;
    fill = 0;
    count = 0;
  }

  /** Whether it takes no more that would count. */
  boolean full() {
    return count == PromptPrefix.MAX_CHUNKS;
  }

  void put(int oneByte) {
    chunk[fill++] = (byte) oneByte;
    if (fill == CHUNK_BYTES) {
      close();
    }
  }

  void put(byte[] bytes, int from, int to) {
    int at = from;
    while (at < to) {
      int some = Math.min(to - at, CHUNK_BYTES - fill);
      System.arraycopy(bytes, at, chunk, fill, some);
      at += some;
      fill += some;
      if (fill == CHUNK_BYTES) {
        close();
      }
    }
  }

  void putInt(int value) {
    put(value);
    put(value >>> 8);
    put(value >>> 16);
    put(value >>> 24);
  }

  private void close() {
    link(CHUNK_BYTES);
    fill = 0;
    if (count < PromptPrefix.MAX_CHUNKS) {
      if (count == hashes.length) {
        hashes = Arrays.copyOf(hashes, 2 * count);
      }
      hashes[count++] = hash == 0 ? 1 : hash;
    }
  }

  /** One to one in the hash before: beginnings that differ once differ for ever. */
  private void link(int length) {
    hash = (XxHash64.hash(chunk, 0, length) ^ hash) * 0x9E3779B97F4A7C15L;
    hash ^= hash >>> 29;
  }

  /** The hashes of all whole chunks. */
  PromptPrefix prefix(int headTokens) {
    if (count == 0) {
      return PromptPrefix.NONE;
    }
    return new PromptPrefix(Arrays.copyOf(hashes, count), headTokens);
  }

  /** The hash of everything, what is behind the last whole chunk too. */
  long digest() {
    link(fill);
    return hash;
  }
}
