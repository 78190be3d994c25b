package dev.caravan.simulator;

/**
 * A fault and the requests that it strikes. Immutable.
 *
 * @param times how many requests it strikes before it is over, from 1; {@link #ALWAYS} for no end
 * @param probability that it strikes a request, above 0 to 1
 */
public record ArmedFault(Fault fault, int times, double probability) {

  /** Without end. */
  public static final int ALWAYS = Integer.MAX_VALUE;

  public ArmedFault {
    if (times < 1) {
      throw new IllegalArgumentException("times must be from 1, was " + times);
    }
    if (!(probability > 0 && probability <= 1)) {
      throw new IllegalArgumentException("probability must be above 0 to 1, was " + probability);
    }
    if (!fault.perRequest() && (times != ALWAYS || probability != 1)) {
      throw new IllegalArgumentException(
          fault.kind() + " is of the whole server: it has no times and no probability");
    }
  }

  /** Strikes every request until healed. */
  public static ArmedFault always(Fault fault) {
    return new ArmedFault(fault, ALWAYS, 1);
  }

  /** Strikes the next request only. */
  public static ArmedFault once(Fault fault) {
    return new ArmedFault(fault, 1, 1);
  }

  /** Strikes the next {@code count} requests only. */
  public static ArmedFault times(int count, Fault fault) {
    return new ArmedFault(fault, count, 1);
  }

  /** Strikes each request with a probability, above 0 to 1. */
  public static ArmedFault sometimes(double probability, Fault fault) {
    return new ArmedFault(fault, ALWAYS, probability);
  }
}
