package dev.caravan.telemetry;

import dev.caravan.health.EjectionListener;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;

/** Counts ejections by failed requests, by server. Safe for any thread. */
public final class EjectionMeters implements EjectionListener {
  private final MeterRegistry registry;

  public EjectionMeters(MeterRegistry registry) {
    this.registry = registry;
  }

  /** Measures a server from now on; called once for each. */
  public void watch(String server) {
    for (Ground ground : Ground.values()) {
      ejections(server, ground);
      heldBackCounter(server, ground);
    }
  }

  private Counter ejections(String server, Ground ground) {
    return Counter.builder("caravan.ejections")
        .description("How often failed requests took a server out")
        .tag("backend", server)
        .tag("ground", ground.label())
        .register(registry);
  }

  private Counter heldBackCounter(String server, Ground ground) {
    return Counter.builder("caravan.ejections.held.back")
        .description("How often they would have, were it not for the pool's limit")
        .tag("backend", server)
        .tag("ground", ground.label())
        .register(registry);
  }

  @Override
  public void ejected(String server, Ground ground) {
    ejections(server, ground).increment();
  }

  @Override
  public void heldBack(String server, Ground ground) {
    heldBackCounter(server, ground).increment();
  }
}
