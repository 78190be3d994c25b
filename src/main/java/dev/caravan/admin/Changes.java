package dev.caravan.admin;

import dev.caravan.fleet.ServerState;
import dev.caravan.health.Breaker;
import dev.caravan.health.HealthListener;
import dev.caravan.time.WallClock;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.jspecify.annotations.Nullable;

/**
 * The last changes of state, newest first; the oldest are forgotten. Safe for any thread; a change
 * is seldom, and the lock is held for as long as it takes to note one.
 */
public final class Changes implements HealthListener {
  /** How many are kept. */
  static final int KEPT = 200;

  private final WallClock clock;
  private final ArrayDeque<Change> newestFirst = new ArrayDeque<>(KEPT);

  /** None yet. */
  public Changes(WallClock clock) {
    this.clock = clock;
  }

  /** What changed. */
  public enum What {
    SERVER,
    BREAKER,
    OVERRIDE,
    ROUTES,
    GATEWAY
  }

  /**
   * A change.
   *
   * @param at when, in milliseconds since 1970
   * @param what server, breaker, override, routes or gateway
   * @param name of the server or the file; null where it is about the gateway
   * @param from what was before; null where nothing was
   */
  public record Change(
      long at,
      @Schema(enumeration = {"server", "breaker", "override", "routes", "gateway"}) String what,
      @Nullable String name,
      @Nullable String from,
      @Nullable String to,
      @Nullable String reason) {}

  /** Notes a change. */
  public void add(
      What what,
      @Nullable String name,
      @Nullable String from,
      @Nullable String to,
      @Nullable String reason) {
    Change change =
        new Change(
            clock.epochMillis(), what.name().toLowerCase(Locale.ROOT), name, from, to, reason);
    synchronized (newestFirst) {
      if (newestFirst.size() == KEPT) {
        newestFirst.removeLast();
      }
      newestFirst.addFirst(change);
    }
  }

  /** All that are kept, newest first. */
  List<Change> latest() {
    synchronized (newestFirst) {
      return new ArrayList<>(newestFirst);
    }
  }

  @Override
  public void moved(String server, ServerState from, ServerState to, String reason) {
    add(What.SERVER, server, from.label(), to.label(), reason);
  }

  @Override
  public void drained(String server) {
    add(
        What.SERVER,
        server,
        ServerState.DRAINING.label(),
        "drained",
        "nothing runs there any more");
  }

  @Override
  public void breakerMoved(String server, Breaker.State from, Breaker.State to, String reason) {
    add(What.BREAKER, server, label(from), label(to), reason);
  }

  static String label(Breaker.State state) {
    return state.name().toLowerCase(Locale.ROOT);
  }
}
