package dev.caravan.ingress;

import io.netty.buffer.ByteBuf;

/** Numbers in decimal, straight into a buffer: a text between would be for nobody. */
final class Decimal {
  private Decimal() {}

  /** Appends a number from 0. */
  static void write(ByteBuf out, long number) {
    int digits = 1;
    for (long rest = number; rest >= 10; rest /= 10) {
      digits++;
    }
    int from = out.writerIndex();
    out.ensureWritable(digits);
    long rest = number;
    for (int i = from + digits - 1; i >= from; i--) {
      long tenth = rest / 10;
      out.setByte(i, '0' + (int) (rest - tenth * 10));
      rest = tenth;
    }
    out.writerIndex(from + digits);
  }

  /** Appends a number from 0 to 999 in three digits. */
  static void writeThree(ByteBuf out, int number) {
    out.writeMedium(
        ('0' + number / 100) << 16 | ('0' + number / 10 % 10) << 8 | ('0' + number % 10));
  }
}
