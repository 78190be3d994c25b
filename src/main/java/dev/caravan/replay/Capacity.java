package dev.caravan.replay;

/**
 * Effective capacity: the highest rate of arrivals at which enough requests have their first token
 * within the limit. Found by bisection over the pace, to two percent.
 */
public final class Capacity {
  /** Share of the requests that may be late or fail. */
  static final double LATE = 0.1;

  /** What the search may be off by, as a factor. */
  static final double PRECISION = 1.02;

  private static final double LOWEST_PACE = 1e-3;
  private static final double HIGHEST_PACE = 1e4;

  private Capacity() {}

  /**
   * The capacity, as a pace: how many times the trace's own rate; 0 where even a thousandth of it
   * is too much.
   *
   * @param guess where to begin, above 0
   */
  public static double pace(
      Workload workload, Setup setup, String balancer, Scenario scenario, double guess) {
    double low = guess;
    double high = guess;
    if (holds(workload, setup, balancer, scenario, guess)) {
      while (holds(workload, setup, balancer, scenario, high *= 1.5)) {
        low = high;
        if (high > HIGHEST_PACE) {
          return high;
        }
      }
    } else {
      while (!holds(workload, setup, balancer, scenario, low /= 1.5)) {
        high = low;
        if (low < LOWEST_PACE) {
          return 0;
        }
      }
    }
    while (high / low > PRECISION) {
      double middle = Math.sqrt(low * high);
      if (holds(workload, setup, balancer, scenario, middle)) {
        low = middle;
      } else {
        high = middle;
      }
    }
    return low;
  }

  private static boolean holds(
      Workload workload, Setup setup, String balancer, Scenario scenario, double pace) {
    return new Replay(workload, setup, balancer, scenario, pace).holds(LATE);
  }
}
