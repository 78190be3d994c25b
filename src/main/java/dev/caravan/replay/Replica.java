package dev.caravan.replay;

import dev.caravan.admission.RecentRequests;
import dev.caravan.admission.RetryBudget;
import dev.caravan.fleet.Backend;
import dev.caravan.fleet.BackendSpec;
import dev.caravan.fleet.Overrides;
import dev.caravan.fleet.Pool;
import dev.caravan.fleet.PoolPolicy;
import dev.caravan.health.Breakers;
import dev.caravan.health.EjectionListener;
import dev.caravan.health.EngineReading;
import dev.caravan.health.FleetHealth;
import dev.caravan.health.HealthListener;
import dev.caravan.health.HealthSettings;
import dev.caravan.health.Outliers;
import dev.caravan.select.Balancers;
import dev.caravan.select.Means;
import dev.caravan.select.PrefixIndex;
import dev.caravan.select.Selector;
import dev.caravan.simulator.Engine;
import dev.caravan.time.Chance;
import java.net.URI;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * One gateway with a view of its own: the production's servers, pool, health, retry budget, index
 * and balancer, put together as {@code dev.caravan.Gateway} does it. For one thread.
 */
final class Replica {
  /** As {@code application.properties} has them. */
  private static final HealthSettings HEALTH = new HealthSettings(3, 2, 2);

  private static final long PULSE_MILLIS = 5_000;
  private static final double PULSE_JITTER = 0.2;

  private final Setup setup;
  private final Timeline timeline;
  private final String balancer;
  private final Chance chance;
  private final PrefixIndex prefixes;
  private final FleetHealth health;
  private final Outliers outliers;
  private final Pool pool = new Pool("m");
  private final RecentRequests requests;
  private final RetryBudget retries;
  private final Overrides overrides = new Overrides();
  private final Map<Machine, Backend> backends = new HashMap<>();
  private Offer offer;
  private Runnable news = () -> {};

  /** The servers of a step as a route names them, and who chooses among them. */
  static final class Offer {
    final Selector selector;
    final Backend[] backends;
    final List<Machine> machines;

    Offer(Selector selector, Backend[] backends, List<Machine> machines) {
      this.selector = selector;
      this.backends = backends;
      this.machines = List.copyOf(machines);
    }
  }

  Replica(String balancer, Setup setup, Timeline timeline, long seed, List<Machine> machines) {
    this.balancer = balancer;
    this.setup = setup;
    this.timeline = timeline;
    this.chance = Chance.seeded(seed);
    this.prefixes = new PrefixIndex(setup.indexChunks());
    Breakers breakers = new Breakers(timeline, HealthListener.NONE);
    this.health = new FleetHealth(HEALTH, timeline, timeline, breakers, HealthListener.NONE);
    this.outliers = new Outliers(health, EjectionListener.NONE, timeline, chance);
    this.requests = new RecentRequests(timeline);
    this.retries = new RetryBudget(pool, requests, timeline, timeline);
    this.offer = offered(machines);
  }

  /** Its route names these servers from now on; requests on their way go on. */
  void offer(List<Machine> machines) {
    offer = offered(machines);
  }

  private Offer offered(List<Machine> machines) {
    List<Backend> servers = machines.stream().map(this::backend).toList();
    PoolPolicy said = PoolPolicy.DEFAULT;
    pool.respecify(
        new PoolPolicy(
            said.timeouts(),
            said.attempts(),
            said.retryBudgetPercent(),
            said.hedge(),
            said.pingMillis(),
            said.resume(),
            said.recovery(),
            said.ejection(),
            said.panicPercent(),
            setup.affinity()),
        servers);
    return new Offer(
        Balancers.named(balancer, new Means(chance, timeline, prefixes)),
        servers.toArray(Backend[]::new),
        machines);
  }

  private Backend backend(Machine machine) {
    Backend known = backends.get(machine);
    if (known != null) {
      return known;
    }
    Backend made =
        new Backend(BackendSpec.of(machine.name(), URI.create("http://" + machine.name())));
    if (setup.cacheKnown()) {
      made.cacheTokens(Math.min(Integer.MAX_VALUE, setup.engine().capacityTokens()));
    }
    made.background().policy(setup.background());
    backends.put(machine, made);
    health.join(made);
    outliers.watch(made);
    health.pulse(made.name(), () -> check(machine));
    timeline.schedule(() -> turn(machine), (long) (chance.unit() * 1_000));
    return made;
  }

  /** Asks a server's cheap endpoint and its counters, and will again. */
  private void turn(Machine machine) {
    double share = 1 + PULSE_JITTER * (2 * chance.unit() - 1);
    timeline.schedule(() -> turn(machine), Math.round(PULSE_MILLIS * share));
    check(machine);
    Engine engine = machine.engine();
    health.engine(
        machine.name(),
        machine.up()
            ? new EngineReading(
                engine.counters().generatedTokens(),
                engine.running(),
                engine.waiting(),
                engine.kvUsage())
            : EngineReading.SILENT);
  }

  private void check(Machine machine) {
    if (machine.up()) {
      health.reachable(machine.name());
    } else {
      health.unreachable(machine.name(), true, "connection refused");
    }
  }

  /** An operator empties a server, or gives it back to the traffic. */
  void drain(Machine machine, boolean wanted) {
    Backend backend = backend(machine);
    overrides.change(backend, before -> before.withDrain(wanted).signed("study", 0));
    health.overridden(backend);
  }

  /** Adds someone who learns when there may be room again. */
  void onChange(Runnable listener) {
    news = listener;
  }

  /** There may be room again: a first token has come, or a lease was closed. */
  void changed() {
    news.run();
  }

  Offer offer() {
    return offer;
  }

  Pool pool() {
    return pool;
  }

  RecentRequests requests() {
    return requests;
  }

  RetryBudget retries() {
    return retries;
  }

  Chance chance() {
    return chance;
  }

  Timeline timeline() {
    return timeline;
  }

  boolean cachedReports() {
    return setup.cachedReports();
  }
}
