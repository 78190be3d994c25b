import java.util.Arrays;

/** A growing list of nanosecond values and the quantiles of it. Not safe for several threads. */
final class Samples {
  private long[] values = new long[4096];
  private int size;

  void add(long nanos) {
    if (size == values.length) {
      values = Arrays.copyOf(values, 2 * size);
    }
    values[size++] = nanos;
  }

  void clear() {
    size = 0;
  }

  int size() {
    return size;
  }

  /**
   * The value at quantile {@code q} of [0, 1], by nearest rank, in microseconds; NaN without
   * values.
   */
  double quantileMicros(double q) {
    if (size == 0) {
      return Double.NaN;
    }
    long[] sorted = Arrays.copyOf(values, size);
    Arrays.sort(sorted);
    return sorted[Math.max(0, (int) Math.ceil(q * size) - 1)] / 1000.0;
  }
}
