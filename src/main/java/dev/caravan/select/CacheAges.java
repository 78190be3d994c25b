package dev.caravan.select;

import java.util.Arrays;
import java.util.concurrent.atomic.AtomicIntegerArray;

/**
 * How old what servers have in their caches is, and what has left them: least recently used, for
 * every server by itself. One thread writes, any number read at the same time.
 */
final class CacheAges {
  /*
   * Each server has generations. What it is sent gets a stamp, its number and its generation now;
   * what it is sent again gets a new one, and counts no more in the generation of the old. So a
   * server's live generations hold together exactly what it was sent last. When that is more than
   * its cache, the oldest generation dies. A generation ends at an eighth of the cache: the cache is
   * taken to hold between seven eighths of its size and all of it. Nothing is unlinked: a chunk is
   * dead when its stamp is.
   *
   * Where the same chunks come again and again, generations that were full run nearly empty and many
   * are alive at once. Beyond WINDOW of them the oldest dies early; that takes chunks that come in
   * every generation and fill nearly all of it.
   *
   * Generations are counted modulo 2^20. A stamp that nobody overwrote for as many generations would
   * be alive again for a while; by then a server's cache has been filled 131,072 times.
   */

  static final int MAX_SERVERS = 2_046;

  private static final int GENERATION_BITS = 20;
  private static final int GENERATION_MASK = (1 << GENERATION_BITS) - 1;
  private static final int WINDOW = 256;
  private static final int PARTS = 8;

  /** What a server's trust is where the size that it was given is right; its least, its most. */
  private static final int TRUSTED = 1_000_000;

  private static final int LEAST = TRUSTED / 1_000;
  private static final int MOST = 2 * TRUSTED;

  /** The counts of a server that was never sent anything. */
  private static final int[] NOBODY = {};

  private final int first;

  /** By server: the oldest generation that is alive. What readers need. */
  private final AtomicIntegerArray oldest = new AtomicIntegerArray(MAX_SERVERS);

  private final AtomicIntegerArray capacities = new AtomicIntegerArray(MAX_SERVERS);

  /** In millionths of the capacity. */
  private final AtomicIntegerArray trust = new AtomicIntegerArray(MAX_SERVERS);

  // The writer's alone.
  private final int[] now = new int[MAX_SERVERS];
  private final long[] held = new long[MAX_SERVERS];

  /** By server and generation: the chunks of that stamp. */
  private final int[][] counts = new int[MAX_SERVERS][];

  /**
   * Nobody has anything.
   *
   * @param first the number of everyone's first generation
   */
  CacheAges(int first) {
    this.first = first & GENERATION_MASK;
    Arrays.fill(counts, NOBODY);
  }

  // ---- read

  /** Whose a stamp is; -1 for none. */
  static int owner(int stamp) {
    return (stamp >>> GENERATION_BITS) - 1;
  }

  /** Whether a server still has what it was sent when it got that stamp; false for no stamp. */
  boolean alive(int stamp, int server) {
    return stamp >>> GENERATION_BITS == server + 1 && age(stamp, server) < WINDOW;
  }

  /** Generations behind the server's oldest that is alive. */
  private int age(int stamp, int server) {
    return (stamp - oldest.getOpaque(server)) & GENERATION_MASK;
  }

  // ---- any thread

  /** How many chunks a server's cache has room for, from 1. */
  void capacity(int server, int chunks) {
    if (capacities.get(server) != chunks) {
      capacities.set(server, chunks);
      trust.set(server, TRUSTED);
    }
  }

  /**
   * A server has had less than was thought: it gets a twentieth less of its capacity. Together with
   * {@link #kept}, one time in twenty is one too many; so a server of which nobody knows that its
   * cache is half as large is where it belongs after fourteen times, and one that caches nothing is
   * taken for full at a thousandth after 135.
   */
  void lost(int server) {
    trust.getAndUpdate(server, was -> Math.max(LEAST, was - was / 20));
  }

  /** A server has had what was thought. */
  void kept(int server) {
    trust.getAndUpdate(server, was -> was < TRUSTED ? was + was / 400 + 1 : was);
  }

  /** A server has had more than was thought: it is larger than it was said to be, or sent more. */
  void had(int server) {
    trust.getAndUpdate(server, was -> Math.min(MOST, was + was / 50 + 1));
  }

  /** The chunks that a server is taken to have room for, from 1. */
  long room(int server) {
    return Math.max(1, (long) capacities.get(server) * trust.get(server) / TRUSTED);
  }

  // ---- written by one thread

  /** What a chunk is marked with that the server is sent now. */
  int stamp(int server) {
    if (counts[server] == NOBODY) {
      counts[server] = new int[WINDOW];
      now[server] = first;
      oldest.set(server, first);
    }
    return (server + 1) << GENERATION_BITS | now[server];
  }

  /** Chunks have got the stamp of now, or never will have one. */
  void entered(int server, int chunks) {
    stamp(server);
    int[] count = counts[server];
    count[now[server] % WINDOW] += chunks;
    held[server] += chunks;
    long room = room(server);
    if (count[now[server] % WINDOW] >= Math.max(1, room / PARTS)) {
      begin(server, count);
    }
    while (held[server] > room && oldest.get(server) != now[server]) {
      end(server, count);
    }
  }

  private void begin(int server, int[] count) {
    int next = (now[server] + 1) & GENERATION_MASK;
    if (((next - oldest.get(server)) & GENERATION_MASK) >= WINDOW) {
      end(server, count);
    }
    now[server] = next;
    count[next % WINDOW] = 0;
  }

  /** The oldest generation dies. */
  private void end(int server, int[] count) {
    int dead = oldest.get(server);
    held[server] -= count[dead % WINDOW];
    count[dead % WINDOW] = 0;
    oldest.set(server, (dead + 1) & GENERATION_MASK);
  }

  /** A chunk has its stamp no more. */
  void left(int stamp) {
    int server = owner(stamp);
    if (server < 0 || !alive(stamp, server)) {
      return;
    }
    int[] count = counts[server];
    int generation = stamp & GENERATION_MASK;
    if (count[generation % WINDOW] > 0) {
      count[generation % WINDOW]--;
      held[server]--;
    }
  }

  /** A server has nothing any more. */
  void forget(int server) {
    if (counts[server] != NOBODY) {
      int next = (now[server] + 1) & GENERATION_MASK;
      counts[server] = new int[WINDOW];
      held[server] = 0;
      now[server] = next;
      oldest.set(server, next);
    }
  }

  /**
   * How far from death a stamp is, from 1 to 64, whatever its server's size; 0 for dead or none.
   */
  int life(int stamp) {
    int server = owner(stamp);
    if (server < 0 || !alive(stamp, server)) {
      return 0;
    }
    int alive = ((now[server] - oldest.get(server)) & GENERATION_MASK) + 1;
    return Math.max(1, 64 * (age(stamp, server) + 1) / alive);
  }

  /** The chunks that a server is taken to hold; for the writer's thread. */
  long held(int server) {
    return held[server];
  }
}
