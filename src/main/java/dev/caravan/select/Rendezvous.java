package dev.caravan.select;

import dev.caravan.time.Chance;
import java.nio.charset.StandardCharsets;

/** Highest random weight: an order of servers for every key. Pure; the same in every process. */
final class Rendezvous {

  private Rendezvous() {}

  /** 64 bits of a server's name: FNV-1a, whose weak mixing {@link #rank} makes up for. */
  static long digest(String name) {
    long hash = 0xCBF29CE484222325L;
    for (byte b : name.getBytes(StandardCharsets.UTF_8)) {
      hash = (hash ^ (b & 0xFF)) * 0x100000001B3L;
    }
    return hash;
  }

  /**
   * The place of a server in the order of a key: the highest comes first. Of n servers each is
   * first for its weight's share of the keys.
   *
   * @param weight above 0; one that grows takes keys from others and gives none away
   */
  static double rank(long key, long server, double weight) {
    double unit = ((Chance.mix(key ^ server) >>> 11) + 0.5) * 0x1.0p-53;
    // The first of exponential clocks that run at the speed of their weights; negative, so that the
    // soonest is the highest.
    return Math.log(unit) / weight;
  }
}
