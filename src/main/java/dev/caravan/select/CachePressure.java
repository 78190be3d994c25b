package dev.caravan.select;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * How much of what servers have in their caches was written of late: the more, the sooner a cache
 * throws out what it has. One thread writes, any number read at the same time.
 */
final class CachePressure {
  /*
   * Of everything that was written the last counts most: a chunk's weight falls by a factor of e while
   * the fleet writes as much as its caches hold together. Rather than let old weights fall, new ones
   * rise, since only ratios are read; and before they leave what a double can hold, all are scaled
   * back. A reader beside that sees one choice's worth of nonsense in 10^100 chunks.
   */

  private static final double MOST = 1e200;

  private static final VarHandle WRITTEN = MethodHandles.arrayElementVarHandle(double[].class);

  private final double[] written;
  private double weight = 1;

  /** Nobody has written anything. */
  CachePressure(int servers) {
    written = new double[servers];
  }

  /**
   * A server has written chunks that it had not.
   *
   * @param chunks from 0
   * @param fleetChunks what all caches hold together, above 0
   */
  void wrote(int server, int chunks, double fleetChunks) {
    weight *= Math.exp(chunks / fleetChunks);
    WRITTEN.setOpaque(written, server, written[server] + chunks * weight);
    if (weight > MOST) {
      for (int i = 0; i < written.length; i++) {
        WRITTEN.setOpaque(written, i, written[i] / weight);
      }
      weight = 1;
    }
  }

  /** A server is no more. */
  void forget(int server) {
    WRITTEN.setOpaque(written, server, 0.0);
  }

  /** What a server has written of late, in a unit that means something beside others' only. */
  double of(int server) {
    return (double) WRITTEN.getOpaque(written, server);
  }
}
