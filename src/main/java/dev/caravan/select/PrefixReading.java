package dev.caravan.select;

import dev.caravan.request.PromptPrefix;
import io.netty.util.concurrent.FastThreadLocal;
import java.util.Arrays;

/** Finds how far each of several servers has a prompt. Belongs to one thread. */
final class PrefixReading {
  /*
   * A server that has a chunk has those before it: a prompt is written as a whole, its beginning
   * last, so that it is never older than its end. So how far a server has a prompt is found by
   * halving, and not by a walk over all chunks of all servers: first the last chunk that anybody
   * knows, then the last that this server has. Most servers have that one, or not even the first, or
   * as much as the server before it: when all have the system prompt, and few the rest. So these are
   * asked for first. A chunk that the table has dropped in between may be overlooked, which does no
   * harm: the server may well have it still.
   *
   * Where a chunk is in the table is looked up once for all servers.
   */

  private static final int UNKNOWN = -2;

  private static final FastThreadLocal<PrefixReading> READING =
      new FastThreadLocal<>() {
        @Override
        protected PrefixReading initialValue() {
          return new PrefixReading();
        }
      };

  private int[] slots = new int[512];

  private PrefixReading() {}

  /** The calling thread's own. */
  static PrefixReading get() {
    return READING.get();
  }

  /** As {@link PrefixIndex#read}. */
  void read(PromptPrefix prefix, HolderTable table, int[] servers, int count, int[] depths) {
    Arrays.fill(depths, 0, count, 0);
    int chunks = prefix.chunks();
    if (slots.length < chunks) {
      slots = new int[Math.max(chunks, 2 * slots.length)];
    }
    Arrays.fill(slots, 0, chunks, UNKNOWN);
    int known = known(prefix, table);
    if (known == 0) {
      return;
    }
    int last = 0;
    for (int i = 0; i < count; i++) {
      if (servers[i] >= 0) {
        last = depth(prefix, table, servers[i], known, last);
        depths[i] = last;
      }
    }
  }

  /** Chunks from the beginning on that the table knows. */
  private int known(PromptPrefix prefix, HolderTable table) {
    int known = 0;
    int unknown = prefix.chunks() + 1;
    while (unknown - known > 1) {
      int middle = unknown == prefix.chunks() + 1 ? unknown - 1 : (known + unknown) >>> 1;
      if (slot(prefix, table, middle - 1) >= 0) {
        known = middle;
      } else {
        unknown = middle;
      }
    }
    return known;
  }

  private int depth(PromptPrefix prefix, HolderTable table, int server, int known, int guess) {
    long window = table.window(server);
    if (has(prefix, table, server, window, known)) {
      return known;
    }
    int has = 0;
    int not = known;
    if (guess > 0 && guess < known) {
      if (has(prefix, table, server, window, guess)) {
        has = guess;
      } else {
        not = guess;
      }
    }
    int probe = has + 1;
    while (not - has > 1) {
      if (has(prefix, table, server, window, probe)) {
        has = probe;
      } else {
        not = probe;
      }
      probe = (has + not) >>> 1;
    }
    return has;
  }

  /** Whether a server has the first chunks of that number, from 1. */
  private boolean has(PromptPrefix prefix, HolderTable table, int server, long window, int chunks) {
    int slot = slot(prefix, table, chunks - 1);
    return slot >= 0 && table.holds(slot, server, window);
  }

  private int slot(PromptPrefix prefix, HolderTable table, int chunk) {
    int slot = slots[chunk];
    if (slot == UNKNOWN) {
      slot = table.find(prefix.hash(chunk));
      slots[chunk] = slot;
    }
    return slot;
  }
}
