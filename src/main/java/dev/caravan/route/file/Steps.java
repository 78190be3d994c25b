package dev.caravan.route.file;

import dev.caravan.route.parameter.BreakerOptions;
import dev.caravan.route.parameter.ModelParameters;
import dev.caravan.route.parameter.Nearest;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;

/** Checks the steps of one entry of a route file, however deep they are nested. */
final class Steps {
  /** Steps that name an endpoint, but must not name a model server. */
  private static final Set<String> NOT_FOR_MODELS =
      Set.of("toD", "wireTap", "enrich", "pollEnrich", "poll");

  private final RouteFile file;
  private final List<RouteFileError> errors;
  private final Endpoints endpoints;
  private final Placeholders placeholders;
  private final List<String> balancers;
  private final Predicate<String> beans;
  private final EndpointsUsed used;
  private final Set<Node> visited = new HashSet<>();

  Steps(
      RouteFile file,
      List<RouteFileError> errors,
      Endpoints endpoints,
      Placeholders placeholders,
      List<String> balancers,
      Predicate<String> beans,
      Schemes schemes) {
    this.file = file;
    this.errors = errors;
    this.endpoints = endpoints;
    this.placeholders = placeholders;
    this.balancers = balancers;
    this.beans = beans;
    this.used = new EndpointsUsed(file, errors, placeholders, schemes);
  }

  /** Checks a node and everything below it. */
  void walk(Node node) {
    if (!visited.add(node)) {
      return; // an alias: it was checked where its anchor is
    }
    for (NodeTuple entry : YamlNodes.entries(node)) {
      Node value = entry.getValueNode();
      String key = String.valueOf(YamlNodes.text(entry.getKeyNode()));
      used.check(entry);
      switch (key) {
        case "to" -> endpoints.to(file, EndpointNode.of(value), placeholders);
        case "from" -> endpoints.from(file, EndpointNode.of(value), placeholders);
        case "loadBalance" -> loadBalance(entry.getKeyNode(), value);
        case "circuitBreaker" -> circuitBreaker(entry.getKeyNode(), value);
        default -> {
          if (NOT_FOR_MODELS.contains(key)) {
            notForModels(key, EndpointNode.of(value));
          }
        }
      }
      if (!key.equals("parameters")) {
        walk(value);
      }
    }
    YamlNodes.elements(node).forEach(this::walk);
  }

  private void notForModels(String key, @Nullable EndpointNode endpoint) {
    if (endpoint != null && endpoint.uri().startsWith("model:")) {
      errors.add(
          new RouteFileError(
              file.name(),
              endpoint.line(),
              key,
              "a model: endpoint must be in a to step, which names its server at start"));
    }
  }

  private void loadBalance(Node key, Node node) {
    balancer(key, node);
    List<Node> steps = YamlNodes.elements(YamlNodes.get(node, "steps"));
    if (steps.isEmpty()) {
      error(
          key,
          "loadBalance",
          "it has no steps, expected at least one that leads to a model: endpoint");
    }
    for (Node step : steps) {
      if (YamlNodes.get(step, "circuitBreaker") != null) {
        continue; // which sees to it that there is one server behind it
      }
      if (YamlNodes.get(step, "loadBalance") != null) {
        error(step, "loadBalance", "its step must not be another loadBalance");
        continue;
      }
      Set<String> servers = models(step);
      if (servers.size() != 1) {
        error(
            step,
            "loadBalance",
            "each of its steps must lead to exactly one model: endpoint, but this one leads to "
                + none(servers));
      }
    }
  }

  private void balancer(Node key, Node node) {
    for (NodeTuple entry : YamlNodes.entries(node)) {
      String name = String.valueOf(YamlNodes.text(entry.getKeyNode()));
      if (name.endsWith("LoadBalancer") && !name.equals("customLoadBalancer")) {
        error(
            entry.getKeyNode(),
            "loadBalance",
            name
                + " knows nothing of model servers, expected customLoadBalancer: {ref: "
                + balancers.stream().findFirst().orElse("NAME")
                + "}");
        return;
      }
    }
    Node custom = YamlNodes.get(node, "customLoadBalancer");
    Node refNode = YamlNodes.text(custom) != null ? custom : YamlNodes.get(custom, "ref");
    String ref = YamlNodes.text(refNode);
    if (ref == null || refNode == null || ref.isBlank()) {
      error(
          key,
          "loadBalance",
          "customLoadBalancer: {ref: NAME} is missing, where NAME is one of "
              + String.join(", ", balancers));
      return;
    }
    Placeholders.Result result = placeholders.resolve(ref);
    if (result instanceof Placeholders.Unset unset) {
      error(refNode, "loadBalance", "customLoadBalancer: " + unset.placeholder() + " is not set");
    } else if (result instanceof Placeholders.Text text) {
      String bean = text.value().replaceFirst("^#(bean:)?", "");
      if (!balancers.contains(bean) && !beans.test(bean)) {
        String near = Nearest.of(bean, balancers);
        error(
            refNode,
            "loadBalance",
            "customLoadBalancer \""
                + bean
                + "\" is unknown"
                + (near == null
                    ? ", accepted: " + String.join(", ", balancers) + ", or a bean's name"
                    : ", did you mean " + near + "?"));
      }
    }
  }

  private void circuitBreaker(Node key, Node node) {
    Node steps = YamlNodes.get(node, "steps");
    if (YamlNodes.elements(steps).isEmpty()) {
      error(key, "circuitBreaker", "it has no steps, expected one that leads to a model: endpoint");
    } else if (steps != null) {
      Set<String> servers = models(steps);
      if (servers.size() != 1) {
        error(
            key,
            "circuitBreaker",
            "its steps must lead to exactly one model: endpoint, but lead to " + none(servers));
      }
    }
    Node fallback = YamlNodes.get(node, "onFallback");
    Node fallbackKey = YamlNodes.key(node, "onFallback");
    if (fallback != null && fallbackKey != null && !models(fallback).isEmpty()) {
      error(
          fallbackKey,
          "circuitBreaker",
          "its onFallback must not lead to a model: endpoint, the balancer tries the next one"
              + " itself");
    }
    Node foreign = YamlNodes.key(node, "faultToleranceConfiguration");
    if (foreign != null) {
      error(
          foreign,
          "circuitBreaker",
          "faultToleranceConfiguration is not for it, expected resilience4jConfiguration");
    }
    options(YamlNodes.get(node, "resilience4jConfiguration"));
  }

  private void options(@Nullable Node node) {
    Map<String, String> options = new LinkedHashMap<>();
    Map<String, Node> places = new LinkedHashMap<>();
    for (NodeTuple entry : YamlNodes.entries(node)) {
      String name = String.valueOf(YamlNodes.text(entry.getKeyNode()));
      String text = YamlNodes.text(entry.getValueNode());
      Placeholders.Result result =
          placeholders.resolve(text == null ? "" : text); // a list of exceptions is refused by name
      if (result instanceof Placeholders.Text resolved && !name.equals("id")) {
        options.put(name, resolved.value());
        places.put(name, entry.getKeyNode());
      } else if (result instanceof Placeholders.Unset unset) {
        error(
            entry.getKeyNode(),
            "circuitBreaker",
            name + ": " + unset.placeholder() + " is not set");
      }
    }
    List<String> problems = new ArrayList<>();
    BreakerOptions.read(options, problems);
    for (String problem : problems) {
      int end = problem.indexOf(' ');
      Node place = places.get(problem.substring(0, end)); // every problem starts with its option
      if (place == null) {
        place = node;
      }
      if (place != null) {
        error(place, "circuitBreaker", problem);
      }
    }
  }

  /** The servers that the {@code to} steps below a node lead to. */
  private Set<String> models(Node node) {
    Set<String> names = new LinkedHashSet<>();
    models(node, names, new HashSet<>());
    return names;
  }

  private void models(Node node, Set<String> names, Set<Node> seen) {
    if (!seen.add(node)) {
      return;
    }
    for (NodeTuple entry : YamlNodes.entries(node)) {
      String key = String.valueOf(YamlNodes.text(entry.getKeyNode()));
      EndpointNode endpoint = key.equals("to") ? EndpointNode.of(entry.getValueNode()) : null;
      if (endpoint != null) {
        String uri =
            placeholders.resolve(endpoint.uri()) instanceof Placeholders.Text text
                ? text.value()
                : endpoint.uri();
        String name = ModelParameters.nameOf(uri);
        if (name != null) {
          names.add(name);
        }
      }
      if (!key.equals("parameters") && !key.equals("onFallback")) {
        models(entry.getValueNode(), names, seen);
      }
    }
    YamlNodes.elements(node).forEach(element -> models(element, names, seen));
  }

  private static String none(Set<String> servers) {
    return servers.isEmpty() ? "none" : String.join(" and ", servers);
  }

  private void error(Node node, String where, String message) {
    errors.add(new RouteFileError(file.name(), YamlNodes.line(node), where, message));
  }
}
