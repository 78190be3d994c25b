package dev.caravan.chaos;

import java.util.ArrayList;
import java.util.List;

/**
 * A pool of the gateway under test, and its servers by name. Every other one is behind a proxy, so
 * that the network can fail as well as the process.
 */
record Pool(String model, String balancer, List<String> servers) {

  static Pool of(String model, String balancer, int servers) {
    List<String> names = new ArrayList<>();
    for (int i = 0; i < servers; i++) {
      names.add(model + "-" + (char) ('a' + i));
    }
    return new Pool(model, balancer, List.copyOf(names));
  }

  boolean proxied(String server) {
    return servers.indexOf(server) % 2 == 1;
  }

  /**
   * Its route, as a user would write it.
   *
   * @param timeoutMillis how long its servers may be silent, before the first byte and later
   */
  String route(Servers all, long timeoutMillis) {
    StringBuilder yaml = new StringBuilder("- route:\n    id: " + model + "\n    from:\n");
    yaml.append("      uri: \"pool:").append(model).append("\"\n      parameters: { attempts: ");
    yaml.append(servers.size()).append(", firstTokenTimeout: ").append(timeoutMillis);
    yaml.append("ms, betweenTokensTimeout: ").append(timeoutMillis);
    yaml.append("ms, slowStart: 3s, ejectionTime: 1s }\n      steps:\n");
    yaml.append("        - loadBalance:\n            customLoadBalancer: { ref: ").append(balancer);
    yaml.append(" }\n            steps:\n");
    for (String server : servers) {
      yaml.append("              - circuitBreaker:\n");
      yaml.append("                  resilience4jConfiguration: { waitDurationInOpenState: 1 }\n");
      yaml.append("                  steps:\n                    - to: { uri: \"model:");
      yaml.append(server).append("\", parameters: { url: \"").append(all.get(server).uri());
      yaml.append("\", keepAlive: 2s } }\n");
    }
    return yaml.toString();
  }
}
