package dev.caravan;

import dev.caravan.admin.Changes;
import dev.caravan.admission.Admission;
import dev.caravan.fleet.Fleet;
import dev.caravan.fleet.Overrides;
import dev.caravan.health.Breakers;
import dev.caravan.health.FleetHealth;
import dev.caravan.route.PoolRoads;
import dev.caravan.telemetry.Meters;
import dev.caravan.time.Ticker;
import dev.caravan.time.WallClock;

/** The parts of the gateway that the management API shows and changes. */
record Managed(
    Fleet fleet,
    Overrides overrides,
    FleetHealth health,
    Breakers breakers,
    Meters meters,
    Changes changes,
    Admission admission,
    PoolRoads roads,
    Ticker ticker,
    WallClock clock) {}
