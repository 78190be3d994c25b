package dev.caravan.admin;

import dev.caravan.fleet.Backend;
import dev.caravan.fleet.Fleet;
import dev.caravan.fleet.Overrides;
import dev.caravan.fleet.ServerOverride;
import dev.caravan.health.FleetHealth;
import dev.caravan.health.ProbeReport;
import dev.caravan.time.WallClock;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** What an operator does to the fleet: done, noted and written down. Safe for any thread. */
public final class FleetOperations {
  private final Fleet fleet;
  private final Overrides overrides;
  private final FleetHealth health;
  private final Changes changes;
  private final AuditLog audit;
  private final WallClock clock;

  /** On that fleet. */
  public FleetOperations(
      Fleet fleet,
      Overrides overrides,
      FleetHealth health,
      Changes changes,
      AuditLog audit,
      WallClock clock) {
    this.fleet = fleet;
    this.overrides = overrides;
    this.health = health;
    this.changes = changes;
    this.audit = audit;
    this.clock = clock;
  }

  /**
   * Sets something of a server over what its route says, or takes it back.
   *
   * @param what in a word
   * @throws Problem where there is no such server
   */
  void set(Who who, String what, String server, UnaryOperator<ServerOverride> change) {
    Backend backend = fleet.find(server);
    if (backend == null) {
      audit.changed(who, what, server, null, null, "no such server");
      throw Problem.noServer();
    }
    set(who, what, backend, change);
  }

  private void set(Who who, String what, Backend backend, UnaryOperator<ServerOverride> change) {
    Overrides.Change done =
        overrides.change(
            backend,
            was -> {
              ServerOverride after = change.apply(was);
              return after.equals(was) ? was : after.signed(who.name(), clock.epochMillis());
            });
    ServerOverride before = done.before();
    ServerOverride now = done.now();
    if (now.equals(before)) {
      audit.changed(who, what, backend.name(), shown(before), shown(now), "unchanged");
      return;
    }
    health.overridden(backend);
    audit.changed(who, what, backend.name(), shown(before), shown(now), "done");
    changes.add(
        Changes.What.OVERRIDE, backend.name(), words(before), words(now), "by " + who.name());
  }

  /** Takes back all that is set, also of servers that are not in the fleet now. */
  void clear(Who who) {
    for (Map.Entry<String, ServerOverride> each : overrides.all().entrySet()) {
      Backend backend = fleet.find(each.getKey());
      if (backend != null) {
        set(who, "clear", backend, before -> ServerOverride.NONE);
      } else {
        overrides.forget(each.getKey());
        audit.changed(who, "clear", each.getKey(), shown(each.getValue()), null, "done");
      }
    }
  }

  /**
   * Has a server probed now.
   *
   * @param told what came of it, once
   * @throws Problem where there is no such server, or nobody probes it
   */
  void probe(Who who, String server, Consumer<ProbeReport> told) {
    if (fleet.find(server) == null) {
      audit.changed(who, "probe", server, null, null, "no such server");
      throw Problem.noServer();
    }
    boolean asked =
        health.probe(
            server,
            report -> {
              String result = report.result().name().toLowerCase(Locale.ROOT);
              audit.changed(who, "probe", server, null, null, result);
              told.accept(report);
            });
    if (!asked) {
      audit.changed(who, "probe", server, null, null, "not probed");
      throw new Problem(409, "nobody probes this server: probe is off, or the gateway's own are");
    }
  }

  private static Overview.@Nullable OverrideNow shown(ServerOverride set) {
    return Overviews.shown(set);
  }

  /** What is set, in a few words. */
  private static @Nullable String words(ServerOverride set) {
    List<String> words = new ArrayList<>();
    if (set.drain()) {
      words.add("drain");
    }
    if (set.eject()) {
      words.add("eject");
    }
    if (set.weight() != null) {
      words.add("weight " + set.weight());
    }
    return words.isEmpty() ? null : String.join(", ", words);
  }
}
