package dev.caravan.replay;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What prefix caches could give at most: a share of all prompt tokens, from 0 to 1. Requests come
 * one after the other, and each finds all of those before it.
 *
 * @param oracle one cache for the whole fleet that never forgets
 * @param pooled one cache for the whole fleet, as large as those of all servers together, that
 *     forgets what was not used for longest
 */
public record Ceiling(double oracle, double pooled) {

  /** The ceilings of a workload; the room that answers take in a cache is left out. */
  public static Ceiling of(Workload workload, Setup setup) {
    long blocks = (long) setup.engine().kvBlocks() * setup.servers();
    int blockTokens = setup.engine().blockTokens();
    return new Ceiling(
        share(workload, blockTokens, Long.MAX_VALUE), share(workload, blockTokens, blocks));
  }

  private static double share(Workload workload, int blockTokens, long room) {
    Map<Long, Boolean> cache =
        new LinkedHashMap<>(1 << 16, 0.75f, true) {
          private static final long serialVersionUID = 1;

          @Override
          protected boolean removeEldestEntry(Map.Entry<Long, Boolean> eldest) {
            return size() > room;
          }
        };
    double hits = 0;
    double all = 0;
    for (Workload.Item item : workload.items()) {
      long[] hashes = item.hashes();
      // As in an engine, the last token is always computed.
      int reusable = (item.promptTokens() - 1) / blockTokens;
      int found = 0;
      while (found < Math.min(reusable, hashes.length) && cache.containsKey(hashes[found])) {
        found++;
      }
      hits += (double) found * blockTokens;
      all += item.promptTokens();
      // Last block first, so that the beginning is what was used last.
      for (int i = hashes.length - 1; i >= 0; i--) {
        cache.put(hashes[i], Boolean.TRUE);
      }
    }
    return hits / Math.max(1, all);
  }
}
