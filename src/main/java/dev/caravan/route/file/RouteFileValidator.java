package dev.caravan.route.file;

import dev.caravan.route.parameter.Nearest;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;

/**
 * Checks route files before Camel sees them, and reports everything that is wrong in all of them at
 * once, by file and line. What it checks is what Camel would accept in silence, or report without
 * the place; the rest of the YAML DSL is left to Camel.
 *
 * <p>Immutable; safe for any thread if its functions are.
 */
public final class RouteFileValidator {
  /** What an entry of a route file may be; the YAML DSL's schema, checked against it by a test. */
  static final List<String> ENTRIES =
      List.of(
          "beans",
          "dataFormats",
          "errorHandler",
          "from",
          "intercept",
          "interceptFrom",
          "interceptSendToEndpoint",
          "onCompletion",
          "onException",
          "rest",
          "restConfiguration",
          "route",
          "routeConfiguration",
          "routeTemplate",
          "templatedRoute");

  private final Function<String, @Nullable String> properties;
  private final List<String> balancers;
  private final Predicate<String> beans;
  private final Schemes schemes;

  /**
   * A validator that lets routes use every component.
   *
   * @param properties the value of a configuration property, or null; is also asked for {@code
   *     env:NAME} and {@code sys:name}
   * @param balancers the names of the balancers, for messages
   * @param beans whether the registry holds a balancer of that name, beside those
   */
  public RouteFileValidator(
      Function<String, @Nullable String> properties,
      Collection<String> balancers,
      Predicate<String> beans) {
    this(properties, balancers, beans, List.of(Schemes.EVERY));
  }

  /**
   * A validator.
   *
   * @param schemes of the components that routes may use; {@code *} for all
   */
  public RouteFileValidator(
      Function<String, @Nullable String> properties,
      Collection<String> balancers,
      Predicate<String> beans,
      Collection<String> schemes) {
    this.schemes = Schemes.of(schemes);
    this.properties = properties;
    this.balancers = balancers.stream().sorted().toList();
    this.beans = beans;
  }

  /**
   * Everything that is wrong in the files.
   *
   * @param files all that are loaded together, in the order in which they are loaded
   * @return by file and line; empty where nothing is wrong
   */
  public List<RouteFileError> validate(List<RouteFile> files) {
    List<RouteFileError> errors = new ArrayList<>();
    new Run(errors).check(files);
    List<String> order = files.stream().map(RouteFile::name).toList();
    errors.sort(
        Comparator.<RouteFileError>comparingInt(error -> order.indexOf(error.file()))
            .thenComparingInt(RouteFileError::line));
    return errors.stream().distinct().toList();
  }

  /** One check of all files, with what must be unique across them. */
  private final class Run {
    private final List<RouteFileError> errors;
    private final Endpoints endpoints;
    private final Map<String, String> routeIds = new HashMap<>();
    private final Map<String, String> templateIds = new HashMap<>();
    private final Map<String, String> configurationIds = new HashMap<>();
    private final List<RouteFileError> configured = new ArrayList<>();

    Run(List<RouteFileError> errors) {
      this.errors = errors;
      this.endpoints = new Endpoints(errors);
    }

    void check(List<RouteFile> files) {
      for (RouteFile file : files) {
        for (Node item : YamlNodes.items(file, errors)) {
          duplicateKeys(file, item);
          entry(file, item);
        }
      }
      endpoints.finish();
      for (RouteFileError each : configured) {
        if (!configurationIds.containsKey(each.where())) {
          errors.add(
              new RouteFileError(each.file(), each.line(), "routeConfigurationId", each.message()));
        }
      }
    }

    /** Camel passes over a configuration that is not there, and the route has none then. */
    private void configured(RouteFile file, Node body) {
      Node id = YamlNodes.get(body, "routeConfigurationId");
      String text = YamlNodes.text(id);
      if (id != null && text != null && text.chars().noneMatch(c -> "*?({[|".indexOf(c) >= 0)) {
        for (String each : text.split(",", -1)) {
          String message = "there is no routeConfiguration of the id \"" + each.strip() + "\"";
          configured.add(
              new RouteFileError(file.name(), YamlNodes.line(id), each.strip(), message));
        }
      }
    }

    private void duplicateKeys(RouteFile file, Node item) {
      List<Node> found = new ArrayList<>();
      YamlNodes.duplicateKeys(item, found, new HashSet<>());
      for (Node key : found) {
        error(file, key, "", "\"" + YamlNodes.text(key) + "\" is there twice");
      }
    }

    private void entry(RouteFile file, Node item) {
      if (!(item instanceof MappingNode mapping) || mapping.getValue().isEmpty()) {
        error(file, item, "", "an entry of a route file starts with \"- route:\" or the like");
        return;
      }
      NodeTuple first = mapping.getValue().get(0);
      String kind = String.valueOf(YamlNodes.text(first.getKeyNode()));
      if (mapping.getValue().size() > 1) {
        Node second = mapping.getValue().get(1).getKeyNode();
        error(
            file,
            second,
            kind,
            "\"" + YamlNodes.text(second) + "\" stands beside it: is it indented too little?");
        return;
      }
      if (!ENTRIES.contains(kind)) {
        String near = Nearest.of(kind, ENTRIES);
        error(
            file,
            item,
            "",
            "unknown entry \""
                + kind
                + "\""
                + (near == null
                    ? ", accepted: " + String.join(", ", ENTRIES)
                    : ", did you mean " + near + "?"));
        return;
      }
      Node body = first.getValueNode();
      Set<String> parameters = Set.of();
      if (kind.equals("routeConfiguration")) {
        unique(file, body, kind, configurationIds);
      }
      configured(file, body);
      if (kind.equals("route")) {
        unique(file, body, "route", routeIds);
        if (YamlNodes.get(body, "from") == null) {
          error(file, first.getKeyNode(), "route", "it has no from");
        }
      } else if (kind.equals("routeTemplate")) {
        unique(file, body, "routeTemplate", templateIds);
        parameters = new HashSet<>();
        for (Node parameter : YamlNodes.elements(YamlNodes.get(body, "parameters"))) {
          String name = YamlNodes.text(YamlNodes.get(parameter, "name"));
          if (name != null) {
            parameters.add(name);
          }
        }
      }
      new Steps(
              file,
              errors,
              endpoints,
              new Placeholders(properties, parameters),
              balancers,
              beans,
              schemes)
          .walk(item);
    }

    private void unique(RouteFile file, Node body, String kind, Map<String, String> known) {
      Node id = YamlNodes.get(body, "id");
      String text = YamlNodes.text(id);
      if (id == null || text == null) {
        return;
      }
      String here = file.name() + ":" + YamlNodes.line(id);
      String before = known.putIfAbsent(text, here);
      if (before != null) {
        error(file, id, kind, "the id \"" + text + "\" is taken by " + before);
      }
    }

    private void error(RouteFile file, Node node, String where, String message) {
      errors.add(new RouteFileError(file.name(), YamlNodes.line(node), where, message));
    }
  }
}
