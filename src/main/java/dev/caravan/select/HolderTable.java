package dev.caravan.select;

import dev.caravan.request.PromptPrefix;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
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
   * Who has it
   * ----------
   * Each slot has room for the stamps of four holders, which say whose they are and how old; see
   * CacheAges. Of a prompt the last chunk is written first, so that of a dying prompt the leaves die
   * first, as they do in the engine. A chunk of more than four servers, a system prompt say, has a
   * stamp for every server, in an array of its own, as long as there is room for one.
   *
   * Threads
   * -------
   * Hashes and stamps are read and written opaquely: a reader sees whole values, and perhaps a slot
   * that has just changed hands. It estimates then as if it had come a moment later.
   */

  private static final int BUCKET = 8;
  private static final int HOLDERS = 4;

  /** Bytes of a slot: its hash, and four stamps. */
  static final int SLOT_BYTES = 24;

  /** In the stamps' first word: the rest of it is the place of the array. */
  private static final long WIDE = 1L << 63;

  /** Of 64: what many have is worth more than the older half of what few have. */
  private static final int WIDELY_HELD = 32;

  private static final VarHandle LONGS = MethodHandles.arrayElementVarHandle(long[].class);

  private final CacheAges ages;
  private final int shift;
  private final long[] keys;
  private final long[] holders;
  private final AtomicReferenceArray<int @Nullable []> wide;
  private final long wideRoom;
  private long wideTaken;
  private int wideUsed;
  private final int[] freeWide;
  private int freeWideCount;
  private int servers;
  private int hand;
  private int used;
  private volatile int filled;

  /**
   * An empty table.
   *
   * @param slots from 16, a power of two
   * @param wideBytes for the arrays of all widely held chunks together
   */
  HolderTable(int slots, long wideBytes, CacheAges ages) {
    this.ages = ages;
    shift = Long.SIZE - Integer.numberOfTrailingZeros(slots / BUCKET);
    keys = new long[slots];
    holders = new long[2 * slots];
    wide = new AtomicReferenceArray<>(Math.max(64, slots / 16));
    freeWide = new int[wide.length()];
    wideRoom = wideBytes / Integer.BYTES;
  }

  /** How many chunks it knows, those that nobody has any more among them. */
  int filled() {
    return filled;
  }

  // ---- reading

  /** The slot of a chunk; -1 for none. */
  int find(long hash) {
    int bucket = (int) (mix(hash) >>> shift) * BUCKET;
    for (int slot = bucket; slot < bucket + BUCKET; slot++) {
      if ((long) LONGS.getOpaque(keys, slot) == hash) {
        return slot;
      }
    }
    return -1;
  }

  /** Whether a server has the chunk of that slot. */
  boolean holds(int slot, int server) {
    return holds(slot, server, ages.window(server));
  }

  /** The same, for many slots and one server at one moment: what {@link #window} says. */
  boolean holds(int slot, int server, long window) {
    long first = (long) LONGS.getOpaque(holders, 2 * slot);
    if (first < 0) {
      int @Nullable [] all = wide.getAcquire((int) first);
      return all != null && server < all.length && CacheAges.alive(all[server], server, window);
    }
    long second = (long) LONGS.getOpaque(holders, 2 * slot + 1);
    return CacheAges.alive((int) first, server, window)
        || CacheAges.alive((int) (first >>> 32), server, window)
        || CacheAges.alive((int) second, server, window)
        || CacheAges.alive((int) (second >>> 32), server, window);
  }

  /** What of a server's is alive now. */
  long window(int server) {
    return ages.window(server);
  }

  private static long mix(long hash) {
    return hash * 0x9E3779B97F4A7C15L;
  }

  // ---- writing, one thread at a time

  /**
   * A server was sent a prompt.
   *
   * @return how many of its chunks the server had not
   */
  int learn(PromptPrefix prefix, int server) {
    int fresh = 0;
    servers = Math.max(servers, server + 1);
    for (int chunk = prefix.chunks() - 1; chunk >= 0; chunk--) {
      long hash = prefix.hash(chunk);
      int slot = find(hash);
      if (slot < 0) {
        slot = vacate((int) (mix(hash) >>> shift) * BUCKET);
        LONGS.setOpaque(keys, slot, hash);
      }
      fresh += holds(slot, server) ? 0 : 1;
      hold(slot, server);
    }
    return fresh;
  }

  /** Notes that a server has the chunk. */
  private void hold(int slot, int server) {
    int now = ages.stamp(server);
    if (holders[2 * slot] < 0) {
      holdWide(slot, server, now);
      return;
    }
    int place = -1;
    int placeLife = Integer.MAX_VALUE;
    for (int i = 0; i < HOLDERS; i++) {
      int there = at(slot, i);
      boolean own = CacheAges.owner(there) == server;
      if (there == now) {
        return;
      }
      int life = own ? -1 : ages.life(there);
      if (life < placeLife) {
        place = i;
        placeLife = life;
      }
    }
    if (placeLife > 0 && widen(slot)) {
      holdWide(slot, server, now);
      return;
    }
    ages.left(at(slot, place));
    put(slot, place, now);
    ages.entered(server, 1);
  }

  private int at(int slot, int place) {
    return (int) (holders[2 * slot + place / 2] >>> (place % 2 * 32));
  }

  private void put(int slot, int place, int stamp) {
    int word = 2 * slot + place / 2;
    int bits = place % 2 * 32;
    long kept = holders[word] & ~(0xFFFFFFFFL << bits);
    LONGS.setOpaque(holders, word, kept | (stamp & 0xFFFFFFFFL) << bits);
  }

  /** Gives a chunk an array of stamps; whether there is room for one. */
  private boolean widen(int slot) {
    int length = (servers + 63) / 64 * 64;
    if (wideTaken + length > wideRoom || (freeWideCount == 0 && wideUsed == wide.length())) {
      return false;
    }
    int index = freeWideCount > 0 ? freeWide[--freeWideCount] : wideUsed++;
    int[] all = new int[length];
    for (int i = 0; i < HOLDERS; i++) {
      int there = at(slot, i);
      if (there != 0) {
        all[CacheAges.owner(there)] = there;
      }
    }
    wideTaken += length;
    wide.setRelease(index, all);
    LONGS.setOpaque(holders, 2 * slot + 1, 0L);
    LONGS.setOpaque(holders, 2 * slot, WIDE | index);
    return true;
  }

  private void holdWide(int slot, int server, int now) {
    int index = (int) holders[2 * slot];
    int[] all = wide(index);
    if (all.length <= server) {
      int[] wider = Arrays.copyOf(all, (server + 64) / 64 * 64);
      wideTaken += wider.length - all.length;
      wide.setRelease(index, wider);
      all = wider;
    }
    int before = all[server];
    if (before != now) {
      ages.left(before);
      all[server] = now;
      ages.entered(server, 1);
    }
  }

  private int[] wide(int index) {
    int[] all = wide.getPlain(index);
    if (all == null) {
      throw new IllegalStateException("no stamps at " + index);
    }
    return all;
  }

  /** Empties the slot of a bucket whose chunk is soonest dead; of several, now this, now that. */
  private int vacate(int bucket) {
    int best = bucket;
    int bestLife = Integer.MAX_VALUE;
    hand++;
    for (int i = 0; i < BUCKET && bestLife > 0; i++) {
      int slot = bucket + ((hand + i) & (BUCKET - 1));
      int life = keys[slot] == 0 ? 0 : life(slot);
      if (life < bestLife) {
        best = slot;
        bestLife = life;
      }
    }
    if (keys[best] == 0) {
      filled = ++used;
    }
    if (holders[2 * best] < 0) {
      int index = (int) holders[2 * best];
      int[] all = wide(index);
      for (int stamp : all) {
        ages.left(stamp);
      }
      wideTaken -= all.length;
      wide.setRelease(index, null);
      freeWide[freeWideCount++] = index;
    } else {
      for (int i = 0; i < HOLDERS; i++) {
        ages.left(at(best, i));
      }
    }
    LONGS.setOpaque(holders, 2 * best, 0L);
    LONGS.setOpaque(holders, 2 * best + 1, 0L);
    return best;
  }

  /**
   * How far from death the last of a chunk's holders is; of many holders the first alive counts.
   */
  private int life(int slot) {
    int longest = 0;
    if (holders[2 * slot] < 0) {
      for (int stamp : wide((int) holders[2 * slot])) {
        int life = ages.life(stamp);
        if (life > 0) {
          return Math.max(WIDELY_HELD, life);
        }
      }
      return 0;
    }
    for (int i = 0; i < HOLDERS; i++) {
      longest = Math.max(longest, ages.life(at(slot, i)));
    }
    return longest;
  }
}
