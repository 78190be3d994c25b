package dev.caravan.simulator;

import java.util.Arrays;

/** A histogram with fixed bounds, as Prometheus counts it. For one thread. */
final class Histogram {
  private final double[] bounds;
  private final long[] counts;
  private double sum;
  private long count;

  /** Upper bounds, ascending, without infinity. */
  Histogram(double... bounds) {
    this.bounds = bounds.clone();
    this.counts = new long[bounds.length];
  }

  void observe(double value) {
    int at = Arrays.binarySearch(bounds, value);
    int bucket = at >= 0 ? at : -at - 1;
    if (bucket < counts.length) {
      counts[bucket]++;
    }
    sum += value;
    count++;
  }

  /** Appends the samples in Prometheus' text format, without HELP and TYPE. */
  void write(StringBuilder text, String name, String labels) {
    long cumulative = 0;
    for (int i = 0; i < bounds.length; i++) {
      cumulative += counts[i];
      bucket(text, name, labels, Double.toString(bounds[i]), cumulative);
    }
    bucket(text, name, labels, "+Inf", count);
    text.append(name).append("_sum{").append(labels).append("} ").append(sum).append('\n');
    text.append(name).append("_count{").append(labels).append("} ").append(count).append('\n');
  }

  private static void bucket(
      StringBuilder text, String name, String labels, String bound, long cumulative) {
    text.append(name).append("_bucket{").append(labels).append(",le=\"").append(bound);
    text.append("\"} ").append(cumulative).append('\n');
  }
}
