package dev.caravan;

import dev.caravan.fleet.Backend;
import dev.caravan.fleet.BackgroundPolicy;
import dev.caravan.fleet.Overrides;
import dev.caravan.fleet.Pool;
import dev.caravan.health.Breakers;
import dev.caravan.health.FleetHealth;
import dev.caravan.health.Outliers;
import dev.caravan.limit.Ledger;
import dev.caravan.route.PoolRoads;
import dev.caravan.route.Pools;
import dev.caravan.route.ResponseHomes;
import dev.caravan.select.PrefixIndex;
import dev.caravan.telemetry.EjectionMeters;
import dev.caravan.telemetry.HealthMeters;
import dev.caravan.telemetry.Meters;
import dev.caravan.telemetry.ResumptionMeters;

/** Who learns of servers and pools: what each gets when it comes, and loses when it goes. */
record Learners(
    BackgroundPolicy background,
    ResponseHomes responses,
    Meters meters,
    HealthMeters healthMeters,
    EjectionMeters ejectionMeters,
    ResumptionMeters resumptionMeters,
    Breakers breakers,
    Overrides overrides,
    FleetHealth health,
    Outliers outliers,
    PrefixIndex prefixes,
    PoolRoads roads,
    Ledger ledger)
    implements Pools.Listener {

  void joined(Backend backend) {
    backend.background().policy(background);
    backend.onClose((lease, outcome) -> responses.ended(lease));
    meters.watch(backend);
    healthMeters.watch(backend);
    breakers.join(backend);
    overrides.join(backend);
    health.join(backend);
    ejectionMeters.watch(backend.name());
    outliers.watch(backend);
    // Last: whoever goes next is to see what the others have learned.
    backend.onClose((lease, outcome) -> roads.freed(backend));
  }

  void left(Backend backend) {
    outliers.forget(backend);
    health.leave(backend);
    breakers.leave(backend);
    prefixes.forget(backend);
    responses.forget(backend.name());
    healthMeters.forget(backend.name());
    meters.forget(backend);
  }

  @Override
  public void made(Pool pool) {
    meters.watch(pool);
    roads.open(pool);
  }

  @Override
  public void gone(Pool pool) {
    roads.forget(pool);
    ledger.poolGone(pool.name());
    outliers.forget(pool);
    resumptionMeters.forget(pool.name());
    meters.forget(pool);
  }
}
