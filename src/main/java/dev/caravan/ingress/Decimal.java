package dev.caravan.ingress;

import io.netty.buffer.ByteBuf;

/** Numbers from 0 in decimal, without a text between, which would be for nobody. */
final class Decimal {
  private static final int MOST_DIGITS = 19;

  private Decimal() {}

  /** Appends a number to a buffer. */
  static void write(ByteBuf out, long number) {
    if (number < 10) {
      out.writeByte('0' + (int) number);
      return;
    }
    byte[] digits = new byte[MOST_DIGITS];
    out.writeBytes(digits, 0, put(digits, 0, number));
  }

  /**
   * Puts a number into an array that has the room.
   *
   * @return behind its last digit
   */
  static int put(byte[] to, int from, long number) {
    int end = from + 1;
    for (long rest = number; rest >= 10; rest /= 10) {
      end++;
    }
    long rest = number;
    for (int i = end - 1; i >= from; i--) {
      long tenth = rest / 10;
      to[i] = (byte) ('0' + (int) (rest - tenth * 10));
      rest = tenth;
    }
    return end;
  }
}
