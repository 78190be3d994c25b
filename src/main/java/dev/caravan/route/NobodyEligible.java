package dev.caravan.route;

import dev.caravan.fleet.Availability;
import dev.caravan.fleet.Availability.Use;
import dev.caravan.fleet.ServerState;
import dev.caravan.select.Selection.Rejection;
import java.util.List;
import java.util.stream.Collectors;

/** No server of a pool may take a request now, and why. Carries no stack trace. */
final class NobodyEligible extends Exception {
  private static final long serialVersionUID = 1L;

  private final String pool;
  private final boolean throttled;
  private final boolean endKnown;
  private final long endNanos;

  NobodyEligible(String pool, List<Rejection> reasons) {
    super(
        reasons.stream()
            .map(each -> each.backend() + ": " + each.reason())
            .collect(Collectors.joining("; ")),
        null,
        false,
        false);
    this.pool = pool;
    this.throttled =
        !reasons.isEmpty() && reasons.stream().allMatch(each -> throttled(each.availability()));
    boolean known = false;
    long earliest = 0;
    for (Rejection each : reasons) {
      long until = each.availability().untilNanos();
      if (until != Availability.UNTIL_NEWS && (!known || until - earliest < 0)) {
        known = true;
        earliest = until;
      }
    }
    this.endKnown = known && reasons.stream().noneMatch(NobodyEligible::anyMoment);
    this.endNanos = earliest;
  }

  /** A server that asked for it is busy and yet out; a busy one is used otherwise. */
  private static boolean throttled(Availability availability) {
    return availability.state() == ServerState.BUSY && availability.use() == Use.NONE;
  }

  /** Whether it would take a request but for others that it holds, or a breaker's wait. */
  private static boolean anyMoment(Rejection each) {
    return each.availability().eligible();
  }

  /** The pool that could not answer. */
  String pool() {
    return pool;
  }

  /** Whether every server has asked to be left alone for a while. */
  boolean throttled() {
    return throttled;
  }

  /**
   * When the first server is let in again, as far as anybody knows, in milliseconds from 0; -1
   * where that may be any moment.
   *
   * @param nowNanos on the ticker's scale
   */
  long againInMillis(long nowNanos) {
    return endKnown ? Math.max(0, (endNanos - nowNanos + 999_999) / 1_000_000) : -1;
  }
}
