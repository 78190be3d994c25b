package dev.caravan.discovery;

import io.fabric8.kubernetes.api.model.ObjectReference;
import io.fabric8.kubernetes.api.model.discovery.v1.Endpoint;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointConditions;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointPort;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Reads the slices of one Service. */
final class Slices {
  private Slices() {}

  /**
   * The servers that may get requests: those that are ready. One that terminates may say that it
   * still serves, but gets nothing new. Of a pod with addresses of both kinds, that of IPv4 counts.
   *
   * @param port the name or number of a port; null for the only one
   * @throws IllegalArgumentException where the port cannot be told, with what to do
   */
  static List<Found> servers(List<EndpointSlice> slices, @Nullable String port) {
    List<EndpointSlice> sorted = new ArrayList<>(slices);
    sorted.sort(
        Comparator.comparing(EndpointSlice::getAddressType)
            .thenComparing(slice -> slice.getMetadata().getName()));
    Map<String, Found> servers = new TreeMap<>();
    for (EndpointSlice slice : sorted) {
      List<Endpoint> ready = new ArrayList<>();
      for (Endpoint endpoint : slice.getEndpoints()) {
        if (ready(endpoint.getConditions()) && !endpoint.getAddresses().isEmpty()) {
          ready.add(endpoint);
        }
      }
      if (ready.isEmpty()) {
        continue; // a slice without endpoints may have no ports
      }
      int number = number(slice, port);
      for (Endpoint endpoint : ready) {
        // More than one address of an endpoint is not defined by Kubernetes.
        String address = endpoint.getAddresses().get(0);
        ObjectReference pod = endpoint.getTargetRef();
        String key = pod != null && pod.getName() != null ? pod.getName() : address;
        servers.putIfAbsent(key, new Found(key, address, number, endpoint.getZone()));
      }
    }
    return List.copyOf(servers.values());
  }

  /** Not said is ready; that it terminates is never said of one that is, by the API's own rule. */
  private static boolean ready(@Nullable EndpointConditions conditions) {
    return conditions == null
        || (!Boolean.FALSE.equals(conditions.getReady())
            && !Boolean.TRUE.equals(conditions.getTerminating()));
  }

  private static int number(EndpointSlice slice, @Nullable String port) {
    List<EndpointPort> ports = slice.getPorts();
    if (port != null && port.matches("\\d{1,5}")) {
      return Integer.parseInt(port);
    }
    List<EndpointPort> fitting = new ArrayList<>();
    for (EndpointPort each : ports) {
      String name = each.getName() == null ? "" : each.getName();
      if (each.getPort() != null && (port == null || port.equals(name))) {
        fitting.add(each);
      }
    }
    if (fitting.size() != 1) {
      List<String> names = ports.stream().map(each -> String.valueOf(each.getName())).toList();
      throw new IllegalArgumentException(
          port == null
              ? "the Service has the ports " + names + ": say which, as in :http"
              : "the Service has no port \"" + port + "\", only " + names);
    }
    return fitting.get(0).getPort();
  }
}
