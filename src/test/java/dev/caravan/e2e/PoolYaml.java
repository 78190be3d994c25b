package dev.caravan.e2e;

import java.net.URI;
import java.util.ArrayList;
import java.util.List;

/** Writes the route of one pool as a user would. */
public final class PoolYaml {
  /** The model that simulated servers serve. */
  public static final String MODEL = "llama-3.1-8b";

  private final String model;
  private final List<String> steps = new ArrayList<>();
  private final List<String> parameters = new ArrayList<>();
  private String balancer = "round-robin";
  private String breaker = "";

  private PoolYaml(String model) {
    this.model = model;
  }

  public static PoolYaml of(String model) {
    return new PoolYaml(model);
  }

  /** A pool of one server, {@code only}. */
  public static String single(URI uri, String... parameters) {
    return of(MODEL).server("only", uri, parameters).text();
  }

  public PoolYaml aliases(String names) {
    return parameters("aliases: \"" + names + "\"");
  }

  /**
   * Adds to what the pool says of itself.
   *
   * @param more each as YAML, such as {@code attempts: 2}
   */
  public PoolYaml parameters(String... more) {
    parameters.addAll(List.of(more));
    return this;
  }

  public PoolYaml balancer(String name) {
    balancer = name;
    return this;
  }

  /** Options of the breakers of servers that are added from now on, such as {@code a: 1, b: 2}. */
  public PoolYaml breaker(String options) {
    breaker = "                  resilience4jConfiguration: { " + options + " }\n";
    return this;
  }

  /**
   * Adds a server.
   *
   * @param parameters each as YAML, such as {@code weight: 2}
   */
  public PoolYaml server(String name, URI uri, String... parameters) {
    StringBuilder all = new StringBuilder("url: \"" + uri + "\"");
    for (String parameter : parameters) {
      all.append(", ").append(parameter);
    }
    steps.add(
        "              - circuitBreaker:\n"
            + breaker
            + "                  steps:\n"
            + "                    - to: { uri: \"model:"
            + name
            + "\", parameters: { "
            + all
            + " } }\n");
    return this;
  }

  public String text() {
    return "- route:\n    id: "
        + model
        + "\n    from:\n      uri: \"pool:"
        + model
        + "\"\n"
        + (parameters.isEmpty()
            ? ""
            : "      parameters: { " + String.join(", ", parameters) + " }\n")
        + "      steps:\n        - loadBalance:\n            customLoadBalancer: { ref: "
        + balancer
        + " }\n            steps:\n"
        + String.join("", steps);
  }
}
