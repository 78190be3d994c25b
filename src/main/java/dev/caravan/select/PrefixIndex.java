package dev.caravan.select;

import dev.caravan.fleet.Backend;
import dev.caravan.fleet.Lease;
import dev.caravan.request.PromptPrefix;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Which server has the beginning of which prompt in its cache, as far as the gateway can know: from
 * what it sent there. Of bounded size; safe for any thread, without locks: reading takes no atomic
 * step at all, and a reader beside a writer sees an estimate that is a request off.
 */
public final class PrefixIndex {
  /*
   * Writing goes through one thread at a time: whoever has something to write puts it on a stack and,
   * where nobody writes already, becomes the writer until the stack is empty. Nobody waits.
   */

  /** Chunks for a few servers: those of tests, and of a small fleet. */
  public static final int SMALL = 1 << 16;

  /** Servers beyond these are not indexed; their prompts count as not cached. */
  public static final int MAX_SERVERS = HolderTable.MAX_SERVERS;

  private final HolderTable table;
  private final ConcurrentHashMap<String, Integer> numbers = new ConcurrentHashMap<>();
  private final AtomicReference<@Nullable News> news = new AtomicReference<>();
  private final AtomicBoolean writing = new AtomicBoolean();

  /** What is to be written, and what was put there before it. */
  private record News(
      @Nullable PromptPrefix prefix, int server, int chunks, @Nullable News before) {}

  /**
   * Nothing is known yet.
   *
   * @param chunks of prompts that it holds, from 8; 24 bytes each, and as much again of spare room
   */
  public PrefixIndex(int chunks) {
    table = new HolderTable(chunks);
  }

  /**
   * A server takes part.
   *
   * @return its number, for all further calls; -1 where there are too many
   */
  int enlist(Backend server) {
    Integer known = numbers.get(server.name());
    if (known == null) {
      known =
          numbers.computeIfAbsent(
              server.name(),
              name -> {
                int next = numbers.size();
                return next < MAX_SERVERS ? next : -1;
              });
      if (known >= 0) {
        int number = known;
        server.onClose((lease, outcome) -> settled(number, lease));
      }
    }
    if (known >= 0) {
      table.capacity(known, Math.max(1, server.cacheTokens() / PromptPrefix.CHUNK_TOKENS));
    }
    return known;
  }

  /**
   * A prompt was sent to a server: it has it now, and whatever it has not used for longest goes.
   */
  void learn(PromptPrefix prefix, int server) {
    if (server >= 0 && prefix.chunks() > 0) {
      write(prefix, server, 0);
    }
  }

  /** A server has lost its cache. */
  void forget(int server) {
    if (server >= 0) {
      table.forget(server);
    }
  }

  /** What a request left behind at its end: its answer takes room as well, and it may tell more. */
  private void settled(int server, Lease lease) {
    int answer = (int) (lease.completionTokens() / PromptPrefix.CHUNK_TOKENS);
    if (answer > 0) {
      write(null, server, answer);
    }
    long cached = lease.cachedTokens();
    int thought = lease.work().cachedTokens();
    if (cached >= 0 && thought > 0) {
      table.judged(server, cached + PromptPrefix.CHUNK_TOKENS < 0.9 * thought);
    }
  }

  private void write(@Nullable PromptPrefix prefix, int server, int chunks) {
    News before;
    do {
      before = news.get();
    } while (!news.compareAndSet(before, new News(prefix, server, chunks, before)));
    while (news.get() != null && writing.compareAndSet(false, true)) {
      try {
        for (News each = news.getAndSet(null); each != null; each = each.before()) {
          PromptPrefix known = each.prefix();
          if (known == null) {
            table.consumed(each.server(), each.chunks());
          } else {
            table.learn(known, each.server());
          }
        }
      } finally {
        writing.set(false);
      }
    }
  }

  /**
   * How far each of several servers has a prompt.
   *
   * @param servers their numbers, by position
   * @param count how many positions there are
   * @param depths where the chunks go that each is thought to have, by position
   */
  void read(PromptPrefix prefix, int[] servers, int count, int[] depths) {
    table.read(prefix, servers, count, depths);
  }
}
