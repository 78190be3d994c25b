package dev.caravan.select;

import dev.caravan.fleet.Backend;
import dev.caravan.fleet.Lease;
import dev.caravan.request.PromptPrefix;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jctools.queues.MpscUnboundedArrayQueue;
import org.jspecify.annotations.Nullable;

/**
 * Which server has the beginning of which prompt in its cache, as far as the gateway can know: from
 * what it sent there, for as long as a cache of that size keeps it. Of bounded size; safe for any
 * thread, without locks: reading takes no atomic step at all, and a reader beside a writer sees an
 * estimate that is a request off.
 */
public final class PrefixIndex {
  /*
   * Writing goes through one thread at a time: whoever has something to write puts it into a queue
   * and, where nobody writes already, becomes the writer until the queue is empty. Nobody waits.
   */

  /** Chunks for a few servers: those of tests, and of a small fleet. */
  public static final int SMALL = 1 << 16;

  /** Servers beyond these are not indexed; their prompts count as not cached. */
  public static final int MAX_SERVERS = CacheAges.MAX_SERVERS;

  /** A share of the expected that is so much below it tells of a loss; the rest is estimates. */
  private static final double CLEARLY = 0.9;

  private final CacheAges ages;
  private final CachePressure pressure = new CachePressure(MAX_SERVERS);
  private final HolderTable table;
  private final ConcurrentHashMap<Backend, Integer> numbers = new ConcurrentHashMap<>();
  private final AtomicInteger enlisted = new AtomicInteger();
  private final ConcurrentLinkedQueue<Integer> free = new ConcurrentLinkedQueue<>();
  private final MpscUnboundedArrayQueue<News> news = new MpscUnboundedArrayQueue<>(256);
  private final AtomicBoolean writing = new AtomicBoolean();

  /**
   * What is to be written.
   *
   * @param prefix what a server was sent; null where it wrote chunks of which nobody knows, or lost
   *     all it had
   * @param chunks that nobody knows; {@link #ALL_LOST}, {@link #GONE}
   */
  private record News(@Nullable PromptPrefix prefix, int server, int chunks) {}

  private static final int ALL_LOST = -1;

  /** A server is no more; another may get its number. */
  private static final int GONE = -2;

  /**
   * Nothing is known yet.
   *
   * @param chunks of prompts that it has room for, and for as many again before some of them push
   *     each other out
   */
  public PrefixIndex(int chunks) {
    this(slots(2L * chunks), (long) chunks * HolderTable.SLOT_BYTES / 2, 0);
  }

  /** As told, with another first generation of every server. */
  PrefixIndex(int slots, long wideBytes, int firstGeneration) {
    ages = new CacheAges(firstGeneration);
    table = new HolderTable(slots, wideBytes, ages);
  }

  /**
   * Nothing is known yet.
   *
   * @param bytes the most memory that it takes: three quarters or less for chunks, 24 bytes each,
   *     the rest for those that more than four servers have, 4 bytes for each server
   */
  public static PrefixIndex ofSize(long bytes) {
    int slots = slots(bytes / 4 * 3 / HolderTable.SLOT_BYTES);
    return new PrefixIndex(slots, bytes - (long) slots * HolderTable.SLOT_BYTES, 0);
  }

  /** The largest power of two up to that, within what an array can hold. */
  private static int slots(long most) {
    return (int) Math.max(16, Long.highestOneBit(Math.min(most, 1 << 28)));
  }

  /**
   * A server takes part.
   *
   * @return its number, for all further calls; -1 where there are too many
   */
  int enlist(Backend server) {
    Integer known = numbers.get(server);
    return known != null ? known : numbers.computeIfAbsent(server, this::join);
  }

  private int join(Backend server) {
    Integer again = free.poll();
    int number = again != null ? again : next();
    if (number < 0) {
      return -1;
    }
    size(number, server);
    server.onClose((lease, outcome) -> settled(number, lease));
    server.onCacheLost(() -> write(new News(null, number, ALL_LOST)));
    return number;
  }

  private int next() {
    int before = enlisted.getAndUpdate(many -> Math.min(MAX_SERVERS, many + 1));
    return before < MAX_SERVERS ? before : -1;
  }

  /** A server has left the fleet, and answers nothing any more. */
  public void forget(Backend server) {
    Integer number = numbers.remove(server);
    if (number != null && number >= 0) {
      write(new News(null, number, GONE));
    }
  }

  private void size(int number, Backend server) {
    ages.capacity(number, Math.max(1, server.cacheTokens() / PromptPrefix.CHUNK_TOKENS));
  }

  /**
   * A prompt was sent to a server: it has it now, and whatever it has not used for longest goes.
   */
  void learn(PromptPrefix prefix, int number, Backend server) {
    if (number >= 0 && prefix.chunks() > 0) {
      size(number, server);
      write(new News(prefix, number, 0));
    }
  }

  /** What a request left behind at its end: its answer takes room as well, and it may tell more. */
  private void settled(int number, Lease lease) {
    int answer = (int) (lease.completionTokens() / PromptPrefix.CHUNK_TOKENS);
    if (answer > 0) {
      write(new News(null, number, answer));
    }
    if (lease.cachedTokens() >= 0 && lease.work().promptTokens() > 0) {
      judge(number, lease);
    }
  }

  /**
   * Compares what a server says it had with what was thought. Both as a share of the prompt: whose
   * tokens are whose is another question.
   */
  private void judge(int number, Lease lease) {
    double prompt = lease.promptTokens() > 0 ? lease.promptTokens() : lease.work().promptTokens();
    double thought = prompt * lease.work().cachedTokens() / lease.work().promptTokens();
    double had = lease.cachedTokens();
    if (had + PromptPrefix.CHUNK_TOKENS < CLEARLY * thought) {
      // Where others were still to be computed, what they had begun may not have been there yet.
      if (lease.aheadOfIt() == 0) {
        ages.lost(number);
      }
    } else if (CLEARLY * had > thought + PromptPrefix.CHUNK_TOKENS) {
      ages.had(number);
    } else if (thought > 0) {
      ages.kept(number);
    }
  }

  private void write(News some) {
    news.offer(some);
    while (!news.isEmpty() && writing.compareAndSet(false, true)) {
      try {
        for (News each = news.poll(); each != null; each = news.poll()) {
          write(each.prefix(), each.server(), each.chunks());
        }
      } finally {
        writing.set(false);
      }
    }
  }

  private void write(@Nullable PromptPrefix prefix, int server, int chunks) {
    if (prefix != null) {
      int first = table.find(prefix.hash(0));
      if (first < 0 || !table.holds(first, server)) {
        ages.entered(server, prefix.headTokens() / PromptPrefix.CHUNK_TOKENS);
      }
      pressure.wrote(server, table.learn(prefix, server), fleetRoom());
    } else if (chunks == ALL_LOST) {
      ages.forget(server);
    } else if (chunks == GONE) {
      ages.forget(server);
      ages.capacity(server, 0); // whoever is next is trusted anew
      pressure.forget(server);
      free.add(server);
    } else {
      ages.entered(server, chunks);
    }
  }

  private double fleetRoom() {
    long room = 0;
    int count = Math.min(enlisted.get(), MAX_SERVERS);
    for (int i = 0; i < count; i++) {
      room += ages.room(i);
    }
    return Math.max(1, room);
  }

  /**
   * How fast a server's cache is written over: what it has written of late, over its size, in a
   * unit that means something beside other servers' only.
   */
  double pressure(int number) {
    return number < 0 ? 0 : pressure.of(number) / ages.room(number);
  }

  /** Chunks that it knows, of which some may have left every cache. */
  public int chunks() {
    return table.filled();
  }

  /** The chunks that a server is taken to have room for. */
  long room(int number) {
    return ages.room(number);
  }

  /**
   * How far each of several servers has a prompt.
   *
   * @param servers their numbers, by position
   * @param count how many positions there are
   * @param depths where the chunks go that each is thought to have, by position
   */
  void read(PromptPrefix prefix, int[] servers, int count, int[] depths) {
    PrefixReading.get().read(prefix, table, servers, count, depths);
  }
}
