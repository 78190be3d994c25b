package dev.caravan.telemetry;

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
    transitions(name, "ejected");
    transitions(name, "restored");
  }

  private Counter probes(String name, boolean good) {
    return Counter.builder("caravan.probes")
        .description("Prompt probes, by result")
        .tag("backend", name)
        .tag("result", good ? "good" : "failed")
        .register(registry);
  }

  private Counter transitions(String name, String to) {
    return Counter.builder("caravan.health.transitions")
        .description("How often probes took a server out of the fleet, and let it in again")
        .tag("backend", name)
        .tag("to", to)
        .register(registry);
  }

  @Override
  public void probed(String name, boolean good) {
    probes(name, good).increment();
  }

  @Override
  public void ejected(String name, String reason) {
    transitions(name, "ejected").increment();
  }

  @Override
  public void restored(String name, String reason) {
    transitions(name, "restored").increment();
  }

  @Override
  public void breakerMoved(String name, Breaker.State from, Breaker.State to, String reason) {
    Server server = servers.get(name);
    if (server != null) {
      server.breaker = to;
    }
  }
}
