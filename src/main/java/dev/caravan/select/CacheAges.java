package dev.caravan.select;

import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicLongArray;

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
   * Where the same chunks come again and again, generations that were full run nearly empty, and
   * ever more of them are alive at once. They are counted in SPANS spans of one or more; when there
   * would be one too many, the two neighbours that are emptiest together become one. Those have at
   * most a fifteenth of the cache, so that an eighth stays the most that dies at once.
   *
   * Generations are counted modulo 2^20, and a stamp is alive between the server's oldest and its
   * newest. One that nobody overwrote for a million generations would be taken for another's; by
   * then a server's cache has been filled 131,072 times.
   */

  static final int MAX_SERVERS = 2_046;

  private static final int GENERATION_BITS = 20;
  private static final int GENERATION_MASK = (1 << GENERATION_BITS) - 1;
  private static final int SPANS = 32;
  private static final int PARTS = 8;

  /** What a server's trust is where the size that it was given is right; its least, its most. */
  private static final int TRUSTED = 1_000_000;

  private static final int LEAST = TRUSTED / 1_000;
  private static final int MOST = 2 * TRUSTED;

  private final int first;

  /** By server: the oldest generation that is alive, and above it how many are. For readers. */
  private final AtomicLongArray alive = new AtomicLongArray(MAX_SERVERS);

  private final AtomicIntegerArray capacities = new AtomicIntegerArray(MAX_SERVERS);

  /** In millionths of the capacity. */
  private final AtomicIntegerArray trust = new AtomicIntegerArray(MAX_SERVERS);

  /** The writer's alone, by server. */
  private final Generations[] servers = new Generations[MAX_SERVERS];

  /** What one server was sent, by generation. */
  private static final class Generations {
    /** The first generation of each span, and the chunks of its stamp. */
    final int[] starts = new int[SPANS];

    final int[] counts = new int[SPANS];
    int spans;
    int now;
    long held;
  }

  /**
   * Nobody has anything.
   *
   * @param first the number of everyone's first generation
   */
  CacheAges(int first) {
    this.first = first & GENERATION_MASK;
  }

  // ---- read

  /** Whose a stamp is; -1 for none. */
  static int owner(int stamp) {
    return (stamp >>> GENERATION_BITS) - 1;
  }

  /** Whether a server still has what it was sent when it got that stamp; false for no stamp. */
  boolean alive(int stamp, int server) {
    return alive(stamp, server, window(server));
  }

  /** The same, for many stamps of one server at one moment. */
  static boolean alive(int stamp, int server, long window) {
    return owner(stamp) == server
        && ((stamp - (int) window) & GENERATION_MASK) < window >>> Integer.SIZE;
  }

  /** What of a server's is alive now. */
  long window(int server) {
    return alive.getOpaque(server);
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
    return (server + 1) << GENERATION_BITS | of(server).now;
  }

  /** Chunks have got the stamp of now, or stand for such that nobody will ask for. */
  void entered(int server, int chunks) {
    Generations its = of(server);
    its.counts[its.spans - 1] += chunks;
    its.held += chunks;
    long room = room(server);
    if (its.counts[its.spans - 1] >= Math.max(1, room / PARTS)) {
      begin(its);
    }
    while (its.held > room && its.spans > 1) {
      end(its);
    }
    publish(server, its);
  }

  /** A chunk has its stamp no more. */
  void left(int stamp) {
    int server = owner(stamp);
    if (server < 0 || !alive(stamp, server)) {
      return;
    }
    Generations its = of(server);
    int oldest = its.starts[0];
    int age = (stamp - oldest) & GENERATION_MASK;
    int span = its.spans - 1;
    while (((its.starts[span] - oldest) & GENERATION_MASK) > age) {
      span--;
    }
    // An index that dropped a chunk's stamp without a word would have counted it here.
    if (its.counts[span] > 0) {
      its.counts[span]--;
      its.held--;
    }
  }

  /** A server has nothing any more. */
  void forget(int server) {
    Generations its = of(server);
    start(its, (its.now + 1) & GENERATION_MASK);
    publish(server, its);
  }

  /** How near a stamp is to the newest of its server, from 1 to 64; 0 for dead or none. */
  int life(int stamp) {
    int server = owner(stamp);
    if (server < 0 || !alive(stamp, server)) {
      return 0;
    }
    long now = alive.getPlain(server);
    int age = (stamp - (int) now) & GENERATION_MASK;
    return (int) Math.max(1, 64L * (age + 1L) / (now >>> Integer.SIZE));
  }

  private Generations of(int server) {
    Generations its = servers[server];
    if (its == null) { // it was never sent anything
      its = new Generations();
      servers[server] = its;
      start(its, first);
      publish(server, its);
    }
    return its;
  }

  private static void start(Generations its, int generation) {
    its.now = generation;
    its.starts[0] = generation;
    its.counts[0] = 0;
    its.spans = 1;
    its.held = 0;
  }

  private void publish(int server, Generations its) {
    long oldest = its.starts[0];
    long many = ((its.now - oldest) & GENERATION_MASK) + 1;
    alive.setOpaque(server, many << Integer.SIZE | oldest);
  }

  private static void begin(Generations its) {
    if (its.spans == SPANS) {
      join(its);
    }
    its.now = (its.now + 1) & GENERATION_MASK;
    if (its.now == its.starts[0]) {
      end(its); // a million generations, and the oldest is still there
    }
    its.starts[its.spans] = its.now;
    its.counts[its.spans] = 0;
    its.spans++;
  }

  /** The oldest span dies. */
  private static void end(Generations its) {
    its.held -= its.counts[0];
    remove(its, 0);
  }

  /** The two neighbours that are emptiest together become one. */
  private static void join(Generations its) {
    int best = 0;
    for (int i = 1; i < its.spans - 1; i++) {
      if (its.counts[i] + its.counts[i + 1] < its.counts[best] + its.counts[best + 1]) {
        best = i;
      }
    }
    its.counts[best] += its.counts[best + 1];
    remove(its, best + 1);
  }

  private static void remove(Generations its, int span) {
    its.spans--;
    System.arraycopy(its.starts, span + 1, its.starts, span, its.spans - span);
    System.arraycopy(its.counts, span + 1, its.counts, span, its.spans - span);
  }
}
