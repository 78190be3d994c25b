package dev.caravan.health;

import dev.caravan.fleet.Backend;
import dev.caravan.fleet.ServerState;
import dev.caravan.time.Scheduler;
import dev.caravan.time.Ticker;
import java.util.Collection;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The health of every server of the fleet. Safe for any thread; never blocks. */
public final class FleetHealth implements HealthSignals {
  private final HealthSettings settings;
  private final Ticker ticker;
  private final Scheduler scheduler;
  private final Breakers breakers;
  private final HealthListener listener;
  private final ConcurrentHashMap<String, Watched> servers = new ConcurrentHashMap<>();

  /**
   * Nobody is known yet.
   *
   * @param breakers those of servers that come back are closed
   */
  public FleetHealth(
      HealthSettings settings,
      Ticker ticker,
      Scheduler scheduler,
      Breakers breakers,
      HealthListener listener) {
    this.settings = settings;
    this.ticker = ticker;
    this.scheduler = scheduler;
    this.breakers = breakers;
    this.listener = listener;
  }

  private record Watched(Backend backend, ServerHealth health) {}

  /**
   * How a server stands. Immutable.
   *
   * @param reason for people: what made it so
   * @param sinceMillis for how long it has been so
   * @param inflight requests that it holds
   * @param share how much of its fair share it is to get, above 0 and up to 1
   * @param drained whether it is draining and empty
   */
  public record Standing(
      String server,
      ServerState state,
      String reason,
      long sinceMillis,
      int inflight,
      double share,
      boolean drained) {}

  /** A server has joined the fleet. */
  public void join(Backend backend) {
    ServerHealth health =
        new ServerHealth(backend, settings, ticker, scheduler, breakers, listener);
    servers.put(backend.name(), new Watched(backend, health));
    backend.onClose((lease, outcome) -> health.leaseClosed());
    if (!backend.override().isNone()) {
      health.overridden();
    }
  }

  /** A server has left the fleet: nothing is known of it any more. */
  @SuppressWarnings("ReferenceEquality") // this server or another of its name
  public void leave(Backend backend) {
    Watched watched = servers.get(backend.name());
    if (watched != null && watched.backend == backend && servers.remove(backend.name(), watched)) {
      watched.health.leave();
    }
  }

  /** How every server stands now, by name. */
  public Collection<Standing> standings() {
    Map<String, Standing> sorted = new TreeMap<>();
    servers.forEach((name, watched) -> sorted.put(name, standing(watched)));
    return sorted.values();
  }

  /** How that server stands, or null where there is none of that name. */
  public @Nullable Standing standing(String server) {
    Watched watched = servers.get(server);
    return watched == null ? null : standing(watched);
  }

  private Standing standing(Watched watched) {
    Belief belief = watched.health.belief();
    Belief.Standing now = belief.standing();
    Backend backend = watched.backend;
    return new Standing(
        backend.name(),
        now.state(),
        backend.availability().reason(),
        TimeUnit.NANOSECONDS.toMillis(ticker.nanos() - now.sinceNanos()),
        backend.inflight(),
        backend.share().now(),
        belief.drained());
  }

  /** An operator has set something else of a server. */
  public void overridden(Backend backend) {
    tell(backend.name(), ServerHealth::overridden);
  }

  /**
   * Has a server probed with a prompt at once, whether it would be its turn or not.
   *
   * @param told what came of it, once
   * @return false where nobody probes a server of that name: nothing will be told
   */
  public boolean probe(String server, Consumer<ProbeReport> told) {
    ServerHealth health = find(server);
    Prober prober = health == null ? null : health.prober();
    if (prober != null) {
      prober.probe(told);
    }
    return prober != null;
  }

  /**
   * Its route has said something of a server, for the first time or anew.
   *
   * @param drain whether the route wants it empty
   */
  public void specified(String server, boolean drain) {
    tell(
        server,
        health -> {
          health.respecified();
          health.drain(drain);
        });
  }

  @Override
  public void reachable(String server) {
    tell(server, ServerHealth::reachable);
  }

  @Override
  public void unreachable(String server, boolean refused, String reason) {
    tell(server, health -> health.unreachable(refused, reason));
  }

  @Override
  public void engine(String server, EngineReading reading) {
    Watched watched = servers.get(server);
    if (watched != null) {
      if (reading.kvTokens() >= 0) {
        watched.backend.cacheTokens(reading.kvTokens());
      }
      watched.health.engine(reading);
    }
  }

  @Override
  public void probed(String server, ProbeVerdict verdict) {
    tell(server, health -> health.probed(verdict));
  }

  @Override
  public boolean probeTells(String server) {
    ServerHealth health = find(server);
    return health == null || health.probeTells();
  }

  @Override
  public void prober(String server, Prober now) {
    tell(server, health -> health.prober(now));
  }

  @Override
  public void notProbed(String server) {
    tell(server, health -> health.prober(null));
  }

  @Override
  public void pulse(String server, Runnable now) {
    tell(server, health -> health.pulse(now));
  }

  @Override
  public void notPulsed(String server) {
    tell(server, health -> health.pulse(null));
  }

  @Override
  public void eject(Backend backend, long millis, String reason) {
    tell(backend.name(), health -> health.eject(millis, reason));
  }

  @Override
  public void throttle(Backend backend, long millis, String reason) {
    tell(backend.name(), health -> health.throttle(millis, reason));
  }

  @Override
  public void misconfigured(Backend backend, String reason) {
    tell(backend.name(), health -> health.misconfigured(reason));
  }

  @Override
  public void refused(Backend backend, String reason) {
    tell(backend.name(), health -> health.refused(reason));
  }

  private void tell(String server, Consumer<ServerHealth> news) {
    ServerHealth health = find(server);
    if (health != null) {
      news.accept(health);
    }
  }

  private @Nullable ServerHealth find(String server) {
    Watched watched = servers.get(server);
    return watched == null ? null : watched.health;
  }
}
