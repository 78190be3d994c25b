package dev.caravan.telemetry;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.IntSupplier;

/** What is measured of servers that are found. Safe for any thread. */
public final class DiscoveryMeters {
  private final MeterRegistry registry;
  private final ConcurrentHashMap<String, Endpoint> endpoints = new ConcurrentHashMap<>();

  private record Endpoint(Counter failures, Counter joined, Counter left, List<Meter> all) {}

  public DiscoveryMeters(MeterRegistry registry) {
    this.registry = registry;
  }

  /**
   * Measures an endpoint from now on.
   *
   * @param servers how many are known
   */
  public void watch(String endpoint, IntSupplier servers) {
    Gauge known =
        Gauge.builder("caravan.discovery.servers", servers, IntSupplier::getAsInt)
            .description("Servers that are known where an endpoint looks for them")
            .tag("endpoint", endpoint)
            .strongReference(true)
            .register(registry);
    Counter failures =
        Counter.builder("caravan.discovery.failures")
            .description("Looks for servers that came to nothing; those that are known stay")
            .tag("endpoint", endpoint)
            .register(registry);
    Counter joined = changes(endpoint, "joined");
    Counter left = changes(endpoint, "left");
    endpoints.put(
        endpoint, new Endpoint(failures, joined, left, List.of(known, failures, joined, left)));
  }

  private Counter changes(String endpoint, String change) {
    return Counter.builder("caravan.discovery.changes")
        .description("Servers that were found, or are not there any more")
        .tag("endpoint", endpoint)
        .tag("change", change)
        .register(registry);
  }

  /** A look came to nothing. */
  public void failed(String endpoint) {
    Endpoint known = endpoints.get(endpoint);
    if (known != null) {
      known.failures.increment();
    }
  }

  /** Servers have come, and others have gone. */
  public void changed(String endpoint, int joined, int left) {
    Endpoint known = endpoints.get(endpoint);
    if (known != null) {
      known.joined.increment(joined);
      known.left.increment(left);
    }
  }

  /** An endpoint is no more. */
  public void forget(String endpoint) {
    Endpoint known = endpoints.remove(endpoint);
    if (known != null) {
      known.all.forEach(registry::remove);
    }
  }
}
