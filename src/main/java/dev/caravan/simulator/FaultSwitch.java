package dev.caravan.simulator;

import dev.caravan.time.Chance;
import org.jspecify.annotations.Nullable;

/** The fault that is in force, if any, and how often it may still strike. Safe for any thread. */
final class FaultSwitch {
  private final Chance chance;
  private @Nullable ArmedFault armed;

  FaultSwitch(Chance chance) {
    this.chance = chance;
  }

  synchronized void arm(ArmedFault fault) {
    armed = fault;
  }

  synchronized void disarm() {
    armed = null;
  }

  /** What is in force, with the times that are left. */
  synchronized @Nullable ArmedFault armed() {
    return armed;
  }

  /** The fault that strikes the request at hand, or null. */
  synchronized @Nullable Fault strike() {
    ArmedFault now = armed;
    if (now == null || !now.fault().perRequest()) {
      return null;
    }
    if (now.probability() < 1 && chance.unit() >= now.probability()) {
      return null;
    }
    if (now.times() == 1) {
      armed = null;
    } else if (now.times() != ArmedFault.ALWAYS) {
      armed = new ArmedFault(now.fault(), now.times() - 1, now.probability());
    }
    return now.fault();
  }
}
