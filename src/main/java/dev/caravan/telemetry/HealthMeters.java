package dev.caravan.telemetry;

import dev.caravan.fleet.ServerState;
import dev.caravan.health.Breaker;
import dev.caravan.health.HealthListener;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Counts what health finds out, by server. Safe for any thread. */
public final class HealthMeters implements HealthListener {

  /** One server's meters. */
  private static final class Server {
    private volatile Breaker.State breaker = Breaker.State.CLOSED;
    private volatile ServerState state = ServerState.HEALTHY;
  }

  private final MeterRegistry registry;
  private final Map<String, Server> servers = new ConcurrentHashMap<>();

  public HealthMeters(MeterRegistry registry) {
    this.registry = registry;
  }

  /** Measures a server from now on; called once for each. */
  public void watch(String name) {
    Server server = servers.computeIfAbsent(name, n -> new Server());
    for (Breaker.State state : Breaker.State.values()) {
      Gauge.builder("caravan.breaker.state", server, s -> s.breaker == state ? 1 : 0)
          .description("1 for the state that the circuit breaker of a server is in")
          .tag("backend", name)
          .tag("state", state.name().toLowerCase(java.util.Locale.ROOT))
          .register(registry);
    }
    probes(name, true);
    probes(name, false);
    for (ServerState state : ServerState.values()) {
      transitions(name, state);
      Gauge.builder("caravan.backend.state", server, s -> s.state == state ? 1 : 0)
          .description("1 for the state that health believes a server to be in")
          .tag("backend", name)
          .tag("state", state.label())
          .register(registry);
    }
  }

  private Counter probes(String name, boolean good) {
    return Counter.builder("caravan.probes")
        .description("Prompt probes, by result")
        .tag("backend", name)
        .tag("result", good ? "good" : "failed")
        .register(registry);
  }

  private Counter transitions(String name, ServerState to) {
    return Counter.builder("caravan.health.transitions")
        .description("How often a server came into a state")
        .tag("backend", name)
        .tag("to", to.label())
        .register(registry);
  }

  @Override
  public void probed(String name, boolean good) {
    probes(name, good).increment();
  }

  @Override
  public void moved(String name, ServerState from, ServerState to, String reason) {
    Server server = servers.get(name);
    if (server != null) {
      server.state = to;
    }
    transitions(name, to).increment();
  }

  @Override
  public void breakerMoved(String name, Breaker.State from, Breaker.State to, String reason) {
    Server server = servers.get(name);
    if (server != null) {
      server.breaker = to;
    }
  }
}
