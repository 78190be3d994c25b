package dev.caravan.time;

import java.util.concurrent.atomic.AtomicLong;

/**
 * A source of random numbers. Implementations are safe for any thread and never block.
 *
 * <p>Not for secrets: a seeded sequence can be predicted.
 */
public interface Chance {

  /** The next 64 random bits. */
  long bits();

  /**
   * A whole number in {@code [0, bound)}.
   *
   * @param bound from 1
   */
  default int below(int bound) {
    // Lemire's multiply-shift on 32 bits; its bias, bound / 2^32, is far below what balancing can
    // see.
    return (int) (((bits() >>> 32) * bound) >>> 32);
  }

  /** A number in {@code [0, 1)}. */
  default double unit() {
    return (bits() >>> 11) * 0x1.0p-53;
  }

  /**
   * Spreads 64 bits over 64 bits: every bit of the input turns half of the output, and no two
   * inputs meet. Pure, the same in every process. The finalizer of SplitMix64; see {@link
   * SplitMix}.
   */
  static long mix(long bits) {
    long z = (bits ^ (bits >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }

  /** A sequence that is the same for the same seed when one thread draws from it. */
  static Chance seeded(long seed) {
    return new SplitMix(seed);
  }

  /** A sequence that differs at every start of the process. */
  static Chance system() {
    return new SplitMix(System.nanoTime() ^ Double.doubleToLongBits(Math.random()));
  }

  /**
   * SplitMix64 over an atomic counter: any thread may draw, one add each, no lock. Source: Steele,
   * Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
   */
  final class SplitMix implements Chance {
    private static final long GAMMA = 0x9E3779B97F4A7C15L;
    private final AtomicLong state;

    SplitMix(long seed) {
      state = new AtomicLong(seed);
    }

    @Override
    public long bits() {
      return mix(state.addAndGet(GAMMA));
    }
  }
}
