package dev.caravan.route;

import dev.caravan.fleet.Availability;
import dev.caravan.fleet.Availability.Use;
import dev.caravan.fleet.Backend;
import dev.caravan.fleet.ServerState;
import dev.caravan.select.Selection;
import dev.caravan.select.Selection.Rejection;
import dev.caravan.select.filter.BackgroundRoom;
import dev.caravan.select.filter.Capacity;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** No server of a pool may take a request now, and why. Carries no stack trace. */
final class NobodyEligible extends Exception {
  private static final long serialVersionUID = 1L;

  private final String pool;
  private final @Nullable String home;
  private final boolean stored;
  private final boolean roomless;
  private final boolean throttled;
  private final boolean endKnown;
  private final long endNanos;

  /** As the longer one, for a request that goes on with no stored response. */
  NobodyEligible(String pool, List<Rejection> reasons) {
    this(pool, reasons, false, false);
  }

  /**
   * Nobody may take a request.
   *
   * @param stored whether it goes on with a response that one server stores
   * @param background whether it is background work
   */
  NobodyEligible(String pool, List<Rejection> reasons, boolean stored, boolean background) {
    super(
        reasons.isEmpty()
            ? "no server was found"
            : reasons.stream()
                .map(each -> each.backend() + ": " + each.reason())
                .collect(Collectors.joining("; ")),
        null,
        false,
        false);
    this.pool = pool;
    this.stored = stored;
    this.roomless = background && reasons.stream().anyMatch(NobodyEligible::roomless);
    this.home =
        reasons.stream()
            .filter(each -> each.filter().equals(Selection.AFFINITY))
            .map(Rejection::backend)
            .findFirst()
            .orElse(null);
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

  /** The one server that background work may go to has no room for it. */
  static NobodyEligible roomless(String pool, Backend backend) {
    return new NobodyEligible(
        pool,
        List.of(
            new Rejection(
                backend.name(),
                BackgroundRoom.NAME,
                "no room for background work",
                backend.availability())),
        false,
        true);
  }

  /** The one server that a request may go to holds as many as it may. */
  static NobodyEligible full(String pool, Backend backend) {
    return new NobodyEligible(
        pool,
        List.of(
            new Rejection(
                backend.name(),
                Capacity.NAME,
                "at its limit of requests in flight",
                backend.availability())));
  }

  /** Background work has no room in a pool in which others wait for it. */
  static NobodyEligible roomless(String pool, List<Backend> backends) {
    List<Rejection> reasons =
        backends.stream()
            .map(
                each ->
                    new Rejection(
                        each.name(),
                        BackgroundRoom.NAME,
                        "other requests wait for room",
                        each.availability()))
            .toList();
    return new NobodyEligible(pool, reasons, false, true);
  }

  /** A server that is well, and would take the request if it had room for it. */
  private static boolean roomless(Rejection each) {
    return each.availability().eligible()
        && (each.filter().equals(BackgroundRoom.NAME) || each.filter().equals(Capacity.NAME));
  }

  /** Whether it is background work, and some server is well and only has no room for it now. */
  boolean roomless() {
    return roomless;
  }

  /** The pool that could not answer. */
  String pool() {
    return pool;
  }

  /** The one server that the request may go to; null where it may go to any. */
  @Nullable String home() {
    return home;
  }

  /** Whether that is so because it goes on with a response that is stored there. */
  boolean stored() {
    return stored;
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
