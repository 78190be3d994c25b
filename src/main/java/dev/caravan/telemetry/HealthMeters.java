package dev.caravan.telemetry;

import dev.caravan.fleet.Backend;
import dev.caravan.fleet.ServerState;
import dev.caravan.health.Breaker;
import dev.caravan.health.CheckResult;
import dev.caravan.health.EngineReading;
import dev.caravan.health.HealthListener;
import dev.caravan.health.ProbeResult;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/** Counts what health finds out, by server. Safe for any thread. */
public final class HealthMeters implements HealthListener {

  /** One server's meters. */
  private static final class Server {
    private final Map<CheckResult, Counter> checks = new EnumMap<>(CheckResult.class);
    private final Map<ProbeResult, Counter> probes = new EnumMap<>(ProbeResult.class);
    private final Map<ServerState, Counter> transitions = new EnumMap<>(ServerState.class);
    private volatile Breaker.State breaker = Breaker.State.CLOSED;
    private volatile EngineReading engine = EngineReading.SILENT;
  }

  private final MeterRegistry registry;
  private final Map<String, Server> servers = new ConcurrentHashMap<>();

  public HealthMeters(MeterRegistry registry) {
    this.registry = registry;
  }

  /** Measures a server from now on; called once for each. */
  public void watch(Backend backend) {
    String name = backend.name();
    Server server = new Server();
    for (Breaker.State state : Breaker.State.values()) {
      Gauge.builder("caravan.breaker.state", server, s -> s.breaker == state ? 1 : 0)
          .description("1 for the state that the circuit breaker of a server is in")
          .tag("backend", name)
          .tag("state", state.name().toLowerCase(Locale.ROOT))
          .register(registry);
    }
    for (CheckResult result : CheckResult.values()) {
      server.checks.put(
          result,
          Counter.builder("caravan.health.checks")
              .description("Questions to the cheap endpoint of a server, by result")
              .tag("backend", name)
              .tag("result", result.label())
              .register(registry));
    }
    for (ProbeResult result : ProbeResult.values()) {
      server.probes.put(
          result,
          Counter.builder("caravan.probes")
              .description("Prompt probes that were due, by result")
              .tag("backend", name)
              .tag("result", result.label())
              .register(registry));
    }
    for (ServerState state : ServerState.values()) {
      server.transitions.put(
          state,
          Counter.builder("caravan.health.transitions")
              .description("How often a server came into a state")
              .tag("backend", name)
              .tag("to", state.label())
              .register(registry));
      Gauge.builder(
              "caravan.backend.state", backend, b -> b.availability().state() == state ? 1 : 0)
          .description("1 for the state that health believes a server to be in")
          .tag("backend", name)
          .tag("state", state.label())
          .register(registry);
    }
    servers.put(name, server);
  }

  /** A server has left the fleet; {@link Meters#forget(Backend)} takes its meters away. */
  public void forget(String name) {
    servers.remove(name);
  }

  @Override
  public void checked(String name, CheckResult result) {
    Server server = servers.get(name);
    if (server != null) {
      count(server.checks.get(result));
    }
  }

  @Override
  public void probed(String name, ProbeResult result) {
    Server server = servers.get(name);
    if (server != null) {
      count(server.probes.get(result));
    }
  }

  private static void count(@Nullable Counter counter) {
    if (counter != null) {
      counter.increment();
    }
  }

  /** An engine has the gauges of what it has said once; NaN while it says it no more. */
  @Override
  public void engine(String name, EngineReading reading) {
    Server server = servers.get(name);
    if (server == null) {
      return;
    }
    EngineReading before = server.engine;
    server.engine = reading;
    if (before.running() < 0 && reading.running() >= 0) {
      gauge(server, name, "running", "Requests that a server's engine works on", r -> r.running());
    }
    if (before.waiting() < 0 && reading.waiting() >= 0) {
      gauge(server, name, "waiting", "Requests that queue in a server's engine", r -> r.waiting());
    }
    if (before.kvUsage() < 0 && reading.kvUsage() >= 0) {
      gauge(server, name, "kv.usage", "The share of its KV cache in use", r -> r.kvUsage());
    }
  }

  /** Registering what is registered already changes nothing. */
  private void gauge(
      Server server,
      String name,
      String what,
      String description,
      ToDoubleFunction<EngineReading> number) {
    Gauge.builder(
            "caravan.backend.engine." + what,
            server,
            s -> {
              double value = number.applyAsDouble(s.engine);
              return value < 0 ? Double.NaN : value;
            })
        .description(description)
        .tag("backend", name)
        .register(registry);
  }

  @Override
  public void moved(String name, ServerState from, ServerState to, String reason) {
    Server server = servers.get(name);
    if (server != null) {
      count(server.transitions.get(to));
    }
  }

  @Override
  public void breakerMoved(String name, Breaker.State from, Breaker.State to, String reason) {
    Server server = servers.get(name);
    if (server != null) {
      server.breaker = to;
    }
  }
}
