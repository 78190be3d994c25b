package dev.caravan.simulator;

import java.util.Arrays;

/**
 * The KV blocks of one engine with their prefix cache. For one thread; nothing is allocated after
 * construction.
 *
 * <p>A block is held by the sequences that use it and, from when its content is known, found by the
 * chained hash of its prompt. When nobody holds it any more it stays findable, in a queue from
 * which new blocks are taken: least recently used first, and of one sequence the last block first,
 * because a block without its predecessors is never found. Source: vLLM, {@code
 * docs/design/prefix_caching.md}; unlike there, blocks without a hash are reused before any with
 * one.
 */
final class KvCache {
  /*
   * The free queue is a doubly linked list over block numbers with the sentinel `blocks`; the index
   * is a hash table with linear probing that holds block number + 1, its keys being hash[block].
   */
  private final int blocks;
  private final int[] holders;
  private final int[] previous;
  private final int[] next;
  private final long[] hash;
  private final boolean[] indexed;
  private final int[] table;
  private final int mask;
  private int free;

  /** An empty cache of {@code blocks} blocks, from 1. */
  KvCache(int blocks) {
    this.blocks = blocks;
    holders = new int[blocks];
    previous = new int[blocks + 1];
    next = new int[blocks + 1];
    hash = new long[blocks];
    indexed = new boolean[blocks];
    table = new int[Integer.highestOneBit(Math.max(2, blocks) * 2 - 1) * 2];
    mask = table.length - 1;
    for (int i = 0; i <= blocks; i++) {
      next[i] = i == blocks ? 0 : i + 1;
      previous[i] = i == 0 ? blocks : i - 1;
    }
    free = blocks;
  }

  /** How many blocks no sequence holds, cached ones among them. */
  int free() {
    return free;
  }

  /** How many blocks sequences hold. */
  int held() {
    return blocks - free;
  }

  /** How many blocks can be found by their hash. */
  int cached() {
    int count = 0;
    for (boolean one : indexed) {
      count += one ? 1 : 0;
    }
    return count;
  }

  /** How many sequences hold a block. */
  int holders(int block) {
    return holders[block];
  }

  /**
   * Holds the blocks of a sequence: the longest cached prefix, then new ones up to {@code needed};
   * or nothing at all where that many are not free.
   *
   * @param hashes the chained hashes of the sequence's blocks
   * @param reusable at most so many blocks may come from the cache
   * @param needed how many blocks the sequence needs in all
   * @param into where their numbers go
   * @return how many came from the cache, or -1 if the blocks do not suffice
   */
  int hold(long[] hashes, int reusable, int needed, int[] into) {
    int limit = Math.min(Math.min(reusable, hashes.length), needed);
    int found = 0;
    int foundFree = 0;
    while (found < limit) {
      int block = find(hashes[found]);
      if (block < 0) {
        break;
      }
      into[found++] = block;
      if (holders[block] == 0) {
        foundFree++;
      }
    }
    if (needed - found > free - foundFree) {
      return -1;
    }
    for (int i = 0; i < found; i++) {
      if (holders[into[i]]++ == 0) {
        unlink(into[i]);
      }
    }
    for (int i = found; i < needed; i++) {
      into[i] = take();
    }
    return found;
  }

  /** Takes one new block; returns its number, or -1 if none is free. */
  int holdOne() {
    return free == 0 ? -1 : take();
  }

  /** Makes a held block findable; one that is found already under this hash stays the one. */
  void publish(int block, long blockHash) {
    if (indexed[block] || find(blockHash) >= 0) {
      return;
    }
    hash[block] = blockHash;
    indexed[block] = true;
    int slot = slot(blockHash);
    while (table[slot] != 0) {
      slot = (slot + 1) & mask;
    }
    table[slot] = block + 1;
  }

  /** Lets go of a sequence's first {@code count} blocks, the last one first. */
  void release(int[] held, int count) {
    for (int i = count - 1; i >= 0; i--) {
      int block = held[i];
      if (--holders[block] == 0) {
        int after = indexed[block] ? previous[blocks] : blocks;
        link(block, after);
      }
    }
  }

  private int take() {
    int block = next[blocks];
    unlink(block);
    holders[block] = 1;
    if (indexed[block]) {
      forget(block);
    }
    return block;
  }

  private void link(int block, int after) {
    int before = next[after];
    next[after] = block;
    previous[block] = after;
    next[block] = before;
    previous[before] = block;
    free++;
  }

  private void unlink(int block) {
    next[previous[block]] = next[block];
    previous[next[block]] = previous[block];
    free--;
  }

  private int slot(long blockHash) {
    // Fibonacci hashing: traces number their blocks in sequence.
    return (int) ((blockHash * 0x9E3779B97F4A7C15L) >>> 33) & mask;
  }

  private int find(long blockHash) {
    for (int slot = slot(blockHash); table[slot] != 0; slot = (slot + 1) & mask) {
      int block = table[slot] - 1;
      if (hash[block] == blockHash) {
        return block;
      }
    }
    return -1;
  }

  private void forget(int block) {
    indexed[block] = false;
    int hole = slot(hash[block]);
    while (table[hole] != block + 1) {
      hole = (hole + 1) & mask;
    }
    // Backward-shift deletion: move up every entry whose probe sequence passes the hole.
    for (int at = (hole + 1) & mask; table[at] != 0; at = (at + 1) & mask) {
      int home = slot(hash[table[at] - 1]);
      if (((at - home) & mask) >= ((at - hole) & mask)) {
        table[hole] = table[at];
        hole = at;
      }
    }
    table[hole] = 0;
  }

  @Override
  public String toString() {
    return "KvCache" + Arrays.asList("held=" + held(), "cached=" + cached(), "blocks=" + blocks);
  }
}
