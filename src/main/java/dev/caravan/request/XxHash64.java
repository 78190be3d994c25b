package dev.caravan.request;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * XXH64 with seed 0: a fast 64-bit hash with good mixing, the same on every machine and in every
 * process, so that several gateways agree on it.
 *
 * <p>Not cryptographic: whoever may choose the input can make two that collide. It may decide where
 * a prompt is likely cached, never what a client may see.
 *
 * <p>Source: Yann Collet, "xxHash fast digest algorithm", specification 0.1.1, section "XXH64
 * Algorithm Description"; the names below are the specification's.
 */
final class XxHash64 {
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

  private static final long PRIME64_1 = 0x9E3779B185EBCA87L;
  private static final long PRIME64_2 = 0xC2B2AE3D27D4EB4FL;
  private static final long PRIME64_3 = 0x165667B19E3779F9L;
  private static final long PRIME64_4 = 0x85EBCA77C2B2AE63L;
  private static final long PRIME64_5 = 0x27D4EB2F165667C5L;

  /** PRIME64_1 + PRIME64_2 modulo 2^64. */
  private static final long PRIME64_1_PLUS_2 = 0x60EA27EEADC0B5D6L;

  /** Bytes that the four accumulators consume together. */
  private static final int STRIPE = 32;

  private XxHash64() {}

  /** The hash of the bytes in {@code [from, to)}. */
  static long hash(byte[] bytes, int from, int to) {
    int i = from;
    long acc;
    if (to - from >= STRIPE) {
      long acc1 = PRIME64_1_PLUS_2;
      long acc2 = PRIME64_2;
      long acc3 = 0;
      long acc4 = -PRIME64_1;
      for (; to - i >= STRIPE; i += STRIPE) {
        acc1 = round(acc1, (long) LONG.get(bytes, i));
        acc2 = round(acc2, (long) LONG.get(bytes, i + 8));
        acc3 = round(acc3, (long) LONG.get(bytes, i + 16));
        acc4 = round(acc4, (long) LONG.get(bytes, i + 24));
      }
      acc =
          Long.rotateLeft(acc1, 1)
              + Long.rotateLeft(acc2, 7)
              + Long.rotateLeft(acc3, 12)
              + Long.rotateLeft(acc4, 18);
      acc = merge(merge(merge(merge(acc, acc1), acc2), acc3), acc4);
    } else {
      acc = PRIME64_5;
    }
    acc += to - from;
    for (; to - i >= Long.BYTES; i += Long.BYTES) {
      acc ^= round(0, (long) LONG.get(bytes, i));
      acc = Long.rotateLeft(acc, 27) * PRIME64_1 + PRIME64_4;
    }
    if (to - i >= Integer.BYTES) {
      acc ^= ((int) INT.get(bytes, i) & 0xFFFFFFFFL) * PRIME64_1;
      acc = Long.rotateLeft(acc, 23) * PRIME64_2 + PRIME64_3;
      i += Integer.BYTES;
    }
    for (; i < to; i++) {
      acc ^= (bytes[i] & 0xFF) * PRIME64_5;
      acc = Long.rotateLeft(acc, 11) * PRIME64_1;
    }
    return avalanche(acc);
  }

  private static long round(long acc, long lane) {
    return Long.rotateLeft(acc + lane * PRIME64_2, 31) * PRIME64_1;
  }

  private static long merge(long acc, long lane) {
    return (acc ^ round(0, lane)) * PRIME64_1 + PRIME64_4;
  }

  private static long avalanche(long acc) {
    acc ^= acc >>> 33;
    acc *= PRIME64_2;
    acc ^= acc >>> 29;
    acc *= PRIME64_3;
    return acc ^ (acc >>> 32);
  }
}
