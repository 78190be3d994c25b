package dev.caravan.replay;

import dev.caravan.simulator.Engine;
import dev.caravan.simulator.SequenceListener;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What prefix caches could give at most: a share of all prompt tokens, from 0 to 1. Requests come
 * one after the other, and each finds all of those before it.
 *
 * @param oracle one cache for the whole fleet that never forgets
 * @param pooled one cache for the whole fleet, as large as those of all servers together, that
 *     forgets what was not used for longest
 * @param slowAlone share of the requests that would be late on an idle server that has nothing of
 *     them cached: no choice of a server can help those, only a cache can
 */
public record Ceiling(double oracle, double pooled, double slowAlone) {

  /** The ceilings of a workload; the room that answers take in a cache is left out. */
  public static Ceiling of(Workload workload, Setup setup) {
    long blocks = (long) setup.engine().kvBlocks() * setup.servers();
    int blockTokens = setup.engine().blockTokens();
    return new Ceiling(
        share(workload, blockTokens, Long.MAX_VALUE),
        share(workload, blockTokens, blocks),
        slowAlone(workload, setup));
  }

  private static double slowAlone(Workload workload, Setup setup) {
    Engine engine = new Engine(setup.engine());
    long limitNanos = (long) (setup.ttftLimitMillis() * 1e6);
    long now = 0;
    int slow = 0;
    for (Workload.Item item : workload.items()) {
      engine.submit(now, new long[0], item.promptTokens(), 1, SequenceListener.SILENT);
      long began = now;
      while (engine.nextEventNanos() != Long.MAX_VALUE) {
        now = engine.nextEventNanos();
        engine.advanceTo(now);
      }
      slow += now - began > limitNanos ? 1 : 0;
    }
    return (double) slow / workload.items().size();
  }

  /** Goes by blocks of the trace: they are found whole or not at all. */
  private static double share(Workload workload, int blockTokens, long room) {
    Map<Long, Integer> cache = new LinkedHashMap<>(1 << 16, 0.75f, true);
    int perBlock = Trace.BLOCK_TOKENS / blockTokens;
    long used = 0;
    double hits = 0;
    double all = 0;
    for (Workload.Item item : workload.items()) {
      long[] hashes = item.hashes();
      int count = (hashes.length + perBlock - 1) / perBlock;
      int found = 0;
      while (found < count && cache.containsKey(hashes[end(found, perBlock, hashes)])) {
        found++;
      }
      // As in an engine, the last token is always computed.
      int reusable = (item.promptTokens() - 1) / blockTokens;
      hits += (double) Math.min(reusable, found * perBlock) * blockTokens;
      all += item.promptTokens();
      // Last block first, so that the beginning is what was used last.
      for (int i = count - 1; i >= 0; i--) {
        int end = end(i, perBlock, hashes);
        int size = end + 1 - i * perBlock;
        Integer before = cache.put(hashes[end], size);
        used += before == null ? size : 0;
      }
      Iterator<Integer> eldest = cache.values().iterator();
      while (used > room) {
        used -= eldest.next();
        eldest.remove();
      }
    }
    return hits / Math.max(1, all);
  }

  /** Where the last KV block of a trace's block is. */
  private static int end(int block, int perBlock, long[] hashes) {
    return Math.min((block + 1) * perBlock, hashes.length) - 1;
  }
}
