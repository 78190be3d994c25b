package dev.caravan.health;

import static dev.caravan.fleet.Availability.UNTIL_NEWS;

import dev.caravan.fleet.Availability;
import dev.caravan.fleet.Availability.Use;
import dev.caravan.fleet.ServerOverride;
import dev.caravan.fleet.ServerState;
import org.jspecify.annotations.Nullable;

/**
 * All that speaks for and against one server, and the verdict that follows from it. Knows no time
 * of its own. Guarded by whoever owns it.
 */
final class Evidence {
  /** The share of a KV cache from which on an engine preempts or queues. */
  private static final double FULL = 0.95;

  final HealthSettings settings;

  /** Whether its route wants it empty. */
  boolean draining;

  /** What an operator has set of it. */
  ServerOverride override = ServerOverride.NONE;

  /** Why it does not take our credentials. */
  @Nullable String credentials;

  /** Nobody listened when it was last tried. */
  boolean refused;

  /** Checks of the cheap endpoint that failed in a row, and why the last did. */
  int unreachable;

  String unreachableReason = "";

  /** Probes in a row that got a wrong answer, or none while nothing else moved either. */
  int wrong;

  int unanswered;

  /** Whether the last probe got no answer in time while tokens moved. */
  boolean late;

  String probeReason = "";

  /** Good probes in a row. */
  int good;

  /** Whether probes found it to be hung; a good one says that it is no more. */
  boolean hung;

  /** Whether it must prove itself before it gets traffic again, and what took it out. */
  @Nullable String out;

  ServerState outState = ServerState.DOWN;

  /** Until when, on the ticker's scale, where set. */
  @Nullable Long ejectedUntil;

  @Nullable Long throttledUntil;
  String throttleReason = "";

  /** Whether its share grows. */
  boolean ramping;

  /** Requests wait there and no token moves. */
  boolean stalled;

  EngineReading engine = EngineReading.SILENT;

  /** Looks at its engine in a row that saw no sign of a full one. */
  int calmLooks;

  boolean crowded;

  Evidence(HealthSettings settings) {
    this.settings = settings;
  }

  /** Takes what an engine says of its load: full at once, with room only after a while. */
  void load(EngineReading reading) {
    engine = reading;
    boolean full = reading.waiting() > 0 || reading.kvUsage() >= FULL;
    calmLooks = full ? 0 : calmLooks + 1;
    // A queue comes and goes between two looks; without this the log would tell of each.
    crowded = full || (crowded && calmLooks < 3);
  }

  /** A probe was good: that it answered is better evidence than that a check did not. */
  void probedWell() {
    good = more(good);
    cleared();
    unreachable = 0;
    refused = false;
  }

  /**
   * A probe got a wrong answer.
   *
   * @return whether it is one too many
   */
  boolean probedWrong(String reason) {
    good = 0;
    late = false;
    probeReason = reason;
    wrong = more(wrong);
    return wrong >= settings.failures();
  }

  /** A probe got no answer in time. */
  void probedInVain(boolean tokensMoved, String reason) {
    good = 0;
    late = tokensMoved;
    probeReason = reason;
    unanswered = tokensMoved ? 0 : more(unanswered);
    hung |= unanswered >= settings.unanswered();
  }

  /**
   * An operator has set that of it.
   *
   * @return whether it is to be taken out for it
   */
  boolean overridden(ServerOverride now) {
    boolean ejected = now.eject() && !override.eject();
    override = now;
    return ejected;
  }

  /** It could not be reached. */
  void unreachable(boolean nobodyListens, String reason) {
    refused = nobodyListens;
    unreachable = more(unreachable);
    unreachableReason = reason;
  }

  private static int more(int count) {
    return count == Integer.MAX_VALUE ? count : count + 1;
  }

  /** Whether something that time or the server itself must end keeps it out. */
  boolean blocked() {
    return refused
        || unreachable >= settings.failures()
        || ejectedUntil != null
        || credentials != null
        || override.eject();
  }

  /** Whether probes have nothing against it, and it need not prove itself by them. */
  boolean nothingFromProbes() {
    return out == null && wrong == 0 && unanswered == 0 && !late && credentials == null;
  }

  /** A probe was good: all that probes had against it is void. */
  void cleared() {
    wrong = 0;
    unanswered = 0;
    late = false;
    hung = false;
    stalled = false;
    credentials = null;
  }

  /** What to make of it all; the gravest comes first. */
  Availability verdict() {
    if (draining || override.drain()) {
      return out(
          ServerState.DRAINING,
          Use.NONE,
          override.drain() ? "drained by " + override.by() : "its route says drain",
          UNTIL_NEWS);
    }
    if (override.eject()) {
      return out(ServerState.DOWN, Use.NONE, "ejected by " + override.by(), UNTIL_NEWS);
    }
    if (credentials != null) {
      return out(
          ServerState.DOWN,
          Use.NONE,
          "refuses the gateway's credentials: " + credentials,
          UNTIL_NEWS);
    }
    if (refused) {
      return out(ServerState.DOWN, Use.NONE, unreachableReason, UNTIL_NEWS);
    }
    if (hung) {
      return out(
          ServerState.HUNG,
          Use.NONE,
          unanswered + " prompts unanswered and no token moved: " + probeReason,
          UNTIL_NEWS);
    }
    if (unreachable >= settings.failures()) {
      return out(
          ServerState.DOWN,
          Use.LAST_RESORT,
          unreachable + " health checks in a row failed: " + unreachableReason,
          UNTIL_NEWS);
    }
    if (wrong >= settings.failures()) {
      return out(
          ServerState.DOWN,
          Use.LAST_RESORT,
          wrong + " probes in a row failed: " + probeReason,
          UNTIL_NEWS);
    }
    if (out != null) {
      Long end = ejectedUntil;
      return out(
          outState,
          outState == ServerState.HUNG ? Use.NONE : Use.LAST_RESORT,
          out + (end == null ? "; it has to answer a prompt first" : ""),
          end == null ? UNTIL_NEWS : end);
    }
    return usable();
  }

  private Availability usable() {
    Long quiet = throttledUntil;
    if (quiet != null) {
      return out(ServerState.BUSY, Use.NONE, throttleReason, quiet);
    }
    if (ramping) {
      return in(ServerState.WARMING, "back; its share grows");
    }
    if (wrong > 0) {
      return in(ServerState.SUSPECT, "a probe failed: " + probeReason);
    }
    if (unanswered > 0) {
      return in(ServerState.SUSPECT, "a prompt was not answered: " + probeReason);
    }
    if (stalled) {
      return in(ServerState.SUSPECT, "requests run there and no token moves");
    }
    if (unreachable > 0) {
      return in(ServerState.SUSPECT, "a health check failed: " + unreachableReason);
    }
    if (late) {
      return in(ServerState.BUSY, "answers probes late, but its tokens move: " + probeReason);
    }
    if (crowded) {
      return in(
          ServerState.BUSY,
          engine.waiting() > 0
              ? engine.waiting() + " requests wait in it"
              : engine.kvUsage() >= FULL ? "its KV cache is full" : "it was full a moment ago");
    }
    return Availability.UP;
  }

  private static Availability in(ServerState state, String reason) {
    return new Availability(state, Use.ANY, reason, UNTIL_NEWS);
  }

  private static Availability out(ServerState state, Use use, String reason, long until) {
    return new Availability(state, use, reason, until);
  }
}
