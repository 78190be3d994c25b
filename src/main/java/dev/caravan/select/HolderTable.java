package dev.caravan.select;

import dev.caravan.request.PromptPrefix;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * The table behind {@link PrefixIndex}: for every chunk of a prompt the servers that have it. One
 * thread writes, any number read at the same time.
 */
final class HolderTable {
  /*
   * Where a chunk is
   * ----------------
   * A chunk's hash names a bucket of eight slots, whose hashes are one cache line. A new chunk takes
   * the slot of the bucket that is soonest dead. So nothing grows, nothing is ever rehashed, and the
   * time is the same for the first chunk and the billionth.
   *
   * Who has it, and for how long
   * ----------------------------
   * Each slot has room for four holders; each is a server's number and the generation in which it
   * was last sent the chunk. A server's generation ends when it has been sent an eighth of its cache
   * in chunks that this generation had not; what is eight generations old has left the cache. This is
   * least recently used, exact to an eighth, in four bytes, with nothing to unlink: chunks die by
   * themselves. Of a prompt the last chunk is written first, so that of one generation's end the
   * leaves die first, as they do in the engine.
   *
   * A chunk of more than four servers, a system prompt say, has a generation for every server, in an
   * array of its own.
   *
   * Threads
   * -------
   * Hashes and holders are read and written opaquely: a reader sees whole values, and perhaps a slot
   * that has just changed hands. It estimates then as if it had come a moment later.
   */

  static final int MAX_SERVERS = 2_046;

  private static final int BUCKET = 8;
  private static final int GENERATIONS = 8;
  private static final int HOLDERS = 4;
  private static final int GENERATION_BITS = 20;
  private static final int GENERATION_MASK = (1 << GENERATION_BITS) - 1;

  /** In the holders' first word: the rest of it is the place of the array. */
  private static final long WIDE = 1L << 63;

  /** For the arrays of all widely held chunks together. */
  private static final int WIDE_BYTES = 16 << 20;

  private static final VarHandle LONGS = MethodHandles.arrayElementVarHandle(long[].class);

  private final int shift;
  private final long[] keys;
  private final long[] holders;
  private final AtomicIntegerArray generations = new AtomicIntegerArray(MAX_SERVERS);
  private final AtomicReferenceArray<int @Nullable []> wide;
  private int wideUsed;
  private final int[] freeWide;
  private int freeWideCount;
  private int servers;

  // By server; written by the writer, except for the capacity.
  private final int[] written = new int[MAX_SERVERS];
  private final AtomicIntegerArray capacities = new AtomicIntegerArray(MAX_SERVERS);

  /** In thousandths of the capacity; how much of it the server's own words have left. */
  private final AtomicIntegerArray trust = new AtomicIntegerArray(MAX_SERVERS);

  HolderTable(int chunks) {
    int slots = Integer.highestOneBit(Math.max(BUCKET, chunks) * 2 - 1);
    slots = Math.max(2 * BUCKET, slots * 2);
    shift = Long.SIZE - Integer.numberOfTrailingZeros(slots / BUCKET);
    keys = new long[slots];
    holders = new long[2 * slots];
    wide = new AtomicReferenceArray<>(Math.max(64, slots / 16));
    freeWide = new int[wide.length()];
  }

  void capacity(int server, int chunks) {
    if (capacities.getAndSet(server, chunks) == 0) {
      trust.set(server, 1_000);
    }
  }

  void forget(int server) {
    generations.getAndAdd(server, GENERATIONS);
  }

  /**
   * A server has said how much of a prompt it had.
   *
   * @param less whether that was clearly less than the table says
   */
  void judged(int server, boolean less) {
    trust.getAndUpdate(
        server, was -> less ? Math.max(1, was * 9 / 10) : Math.min(2_000, was + 1 + was / 200));
  }

  // ---- reading

  void read(PromptPrefix prefix, int[] numbers, int count, int[] depths) {
    Arrays.fill(depths, 0, count, 0);
    int chunks = prefix.chunks();
    for (int chunk = 0; chunk < chunks; chunk++) {
      int slot = find(prefix.hash(chunk));
      if (slot < 0) {
        return;
      }
      long first = (long) LONGS.getOpaque(holders, 2 * slot);
      long second = (long) LONGS.getOpaque(holders, 2 * slot + 1);
      int @Nullable [] all = first < 0 ? wide.getAcquire((int) first) : null;
      boolean any = false;
      for (int i = 0; i < count; i++) {
        if (depths[i] == chunk
            && numbers[i] >= 0
            && (all == null ? holds(first, second, numbers[i]) : holds(all, numbers[i]))) {
          depths[i] = chunk + 1;
          any = true;
        }
      }
      if (!any) {
        return;
      }
    }
  }

  private boolean holds(long first, long second, int server) {
    return alive((int) first, server)
        || alive((int) (first >>> 32), server)
        || alive((int) second, server)
        || alive((int) (second >>> 32), server);
  }

  private boolean alive(int holder, int server) {
    return holder >>> GENERATION_BITS == server + 1 && left(holder, server) > 0;
  }

  private boolean holds(int[] all, int server) {
    return server < all.length && all[server] != 0 && left(all[server], server) > 0;
  }

  /** Generations until it is dead; 0 for dead. */
  private int left(int holder, int server) {
    int age = (generations.getOpaque(server) - holder) & GENERATION_MASK;
    return Math.max(0, GENERATIONS - age);
  }

  private int find(long hash) {
    int bucket = (int) (mix(hash) >>> shift) * BUCKET;
    for (int slot = bucket; slot < bucket + BUCKET; slot++) {
      if ((long) LONGS.getOpaque(keys, slot) == hash) {
        return slot;
      }
    }
    return -1;
  }

  private static long mix(long hash) {
    return hash * 0x9E3779B97F4A7C15L;
  }

  // ---- writing, one thread at a time

  void learn(PromptPrefix prefix, int server) {
    servers = Math.max(servers, server + 1);
    for (int chunk = prefix.chunks() - 1; chunk >= 0; chunk--) {
      long hash = prefix.hash(chunk);
      int slot = find(hash);
      if (slot < 0) {
        slot = vacate((int) (mix(hash) >>> shift) * BUCKET);
        LONGS.setOpaque(keys, slot, hash);
      }
      if (hold(slot, server)) {
        count(server, 1);
      }
    }
  }

  /** A server has written so many chunks of something that nobody will ask for. */
  void consumed(int server, int chunks) {
    count(server, chunks);
  }

  private void count(int server, int chunks) {
    written[server] += chunks;
    long room = (long) capacities.get(server) * trust.get(server) / 1_000;
    if (written[server] >= Math.max(1, room / GENERATIONS)) {
      written[server] = 0;
      generations.getAndIncrement(server);
    }
  }

  private int holder(int server) {
    return (server + 1) << GENERATION_BITS | (generations.get(server) & GENERATION_MASK);
  }

  /** Notes that a server has the chunk; whether that is news in this generation. */
  private boolean hold(int slot, int server) {
    int now = holder(server);
    long first = holders[2 * slot];
    if (first < 0) {
      return holdWide((int) first, server, now);
    }
    int place = -1;
    int placeLeft = GENERATIONS + 1;
    for (int i = 0; i < HOLDERS; i++) {
      int there = at(slot, i);
      int owner = (there >>> GENERATION_BITS) - 1;
      if (owner == server) {
        if (there == now) {
          return false;
        }
        put(slot, i, now);
        return true;
      }
      int left = owner < 0 ? 0 : left(there, owner);
      if (left < placeLeft) {
        place = i;
        placeLeft = left;
      }
    }
    if (placeLeft > 0 && widen(slot)) {
      return holdWide((int) holders[2 * slot], server, now);
    }
    put(slot, place, now);
    return true;
  }

  private int at(int slot, int place) {
    return (int) (holders[2 * slot + place / 2] >>> (place % 2 * 32));
  }

  private void put(int slot, int place, int holder) {
    int word = 2 * slot + place / 2;
    int bits = place % 2 * 32;
    long kept = holders[word] & ~(0xFFFFFFFFL << bits);
    LONGS.setOpaque(holders, word, kept | (holder & 0xFFFFFFFFL) << bits);
  }

  /** Gives a chunk an array of holders; whether there is room for one. */
  private boolean widen(int slot) {
    int index;
    if (freeWideCount > 0) {
      index = freeWide[--freeWideCount];
    } else if (wideUsed < wide.length() && (long) (wideUsed + 1) * servers * 4 < WIDE_BYTES) {
      index = wideUsed++;
    } else {
      return false;
    }
    int[] all = new int[(servers + 63) / 64 * 64];
    for (int i = 0; i < HOLDERS; i++) {
      int there = at(slot, i);
      if (there != 0) {
        all[(there >>> GENERATION_BITS) - 1] = there;
      }
    }
    wide.setRelease(index, all);
    LONGS.setOpaque(holders, 2 * slot, WIDE | index);
    return true;
  }

  private boolean holdWide(int index, int server, int now) {
    int[] all = wide.getPlain(index);
    if (all == null || all.length <= server) {
      int[] wider = all == null ? new int[server + 64] : Arrays.copyOf(all, server + 64);
      wide.setRelease(index, wider);
      all = wider;
    }
    if (all[server] == now) {
      return false;
    }
    all[server] = now;
    return true;
  }

  /** Empties the slot of a bucket whose chunk is soonest dead. */
  private int vacate(int bucket) {
    int best = bucket;
    int bestLeft = GENERATIONS + 1;
    for (int slot = bucket; slot < bucket + BUCKET && bestLeft > 0; slot++) {
      int left = keys[slot] == 0 ? 0 : life(slot);
      if (left < bestLeft) {
        best = slot;
        bestLeft = left;
      }
    }
    if (holders[2 * best] < 0) {
      int index = (int) holders[2 * best];
      wide.setRelease(index, null);
      freeWide[freeWideCount++] = index;
    }
    LONGS.setOpaque(holders, 2 * best, 0L);
    LONGS.setOpaque(holders, 2 * best + 1, 0L);
    return best;
  }

  /** How many generations the last of a chunk's holders is alive. */
  private int life(int slot) {
    int longest = 0;
    if (holders[2 * slot] < 0) {
      int[] all = wide.getPlain((int) holders[2 * slot]);
      for (int server = 0; all != null && server < all.length; server++) {
        if (all[server] != 0) {
          longest = Math.max(longest, left(all[server], server));
        }
      }
      return longest;
    }
    for (int i = 0; i < HOLDERS; i++) {
      int there = at(slot, i);
      if (there != 0) {
        longest = Math.max(longest, left(there, (there >>> GENERATION_BITS) - 1));
      }
    }
    return longest;
  }
}
