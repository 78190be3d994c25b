package dev.caravan.route.file;

import dev.caravan.route.parameter.EndpointName;
import dev.caravan.route.parameter.JobsParameters;
import dev.caravan.route.parameter.ModelParameters;
import dev.caravan.route.parameter.Parameter;
import dev.caravan.route.parameter.PoolParameters;
import dev.caravan.route.probe.ProbeComponent;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Checks the endpoints of route files, one after the other in the order of loading: their names,
 * their parameters against the tables, and what must agree across files.
 */
final class Endpoints {
  private final List<RouteFileError> errors;
  private final Map<String, Url> urls = new HashMap<>();
  private final Map<String, String> pools = new HashMap<>();
  private final Map<String, String> jobs = new HashMap<>();
  private final List<Handed> handed = new ArrayList<>();
  private final List<Handed> within = new ArrayList<>();
  private final Set<String> starts = new TreeSet<>();
  private boolean startsAnywhere;

  Endpoints(List<RouteFileError> errors) {
    this.errors = errors;
  }

  /** Where a server was said to be, and where it was said; no text where that was at fault. */
  private record Url(String text, String place) {}

  /** A step that hands messages over to a queue of jobs, or to another route. */
  private record Handed(String name, RouteFile file, int line) {}

  /** Checks what only all files together say; called once, last. */
  void finish() {
    for (Handed each : handed) {
      if (!jobs.containsKey(each.name())) {
        error(
            each.file(),
            each.line(),
            "jobs:" + each.name(),
            "no route starts at it"
                + (jobs.isEmpty()
                    ? ""
                    : ", expected one of " + String.join(", ", new TreeSet<>(jobs.keySet()))));
      }
    }
    for (Handed each : within) {
      boolean pool = each.name().startsWith("pool:");
      if (!startsAnywhere
          && (pool
              ? !pools.containsKey(each.name().substring("pool:".length()))
              : !starts.contains(each.name()))) {
        error(each.file(), each.line(), each.name(), "no route starts at it");
      }
    }
  }

  /** Checks the endpoint of a {@code to} step. */
  void to(RouteFile file, @Nullable EndpointNode endpoint, Placeholders placeholders) {
    String uri = uri(file, endpoint, placeholders);
    if (uri == null || endpoint == null) {
      return;
    }
    if (uri.equals("model") || uri.startsWith("model:")) {
      model(file, endpoint, uri, placeholders);
    } else if (uri.startsWith("pool:") && !endpoint.values().isEmpty()) {
      error(file, endpoint.line(), where(uri), "it takes parameters only where a route starts");
    } else if (uri.startsWith("pool:") || uri.startsWith("direct:")) {
      if (!(placeholders.resolve(uri) instanceof Placeholders.Later) && !uri.endsWith(":*")) {
        within.add(new Handed(where(uri), file, endpoint.line()));
      }
    } else if (uri.startsWith("jobs:")) {
      handedOver(file, endpoint, uri, placeholders);
    } else if (uri.startsWith("probe:")) {
      error(file, endpoint.line(), where(uri), "it can only be where a route starts");
    }
  }

  /** Checks the endpoint that a route starts from. */
  void from(RouteFile file, @Nullable EndpointNode endpoint, Placeholders placeholders) {
    String uri = uri(file, endpoint, placeholders);
    if (uri == null || endpoint == null) {
      return;
    }
    if (uri.startsWith("pool:")) {
      pool(file, endpoint, uri, placeholders);
    } else if (uri.startsWith("probe:")) {
      values(file, endpoint, where(uri), ProbeComponent.TABLE, placeholders);
    } else if (uri.startsWith("jobs:")) {
      jobs(file, endpoint, uri, placeholders);
    } else if (uri.startsWith("direct:")) {
      starts.add(where(uri));
      startsAnywhere |= placeholders.resolve(uri) instanceof Placeholders.Later;
    } else if (uri.startsWith("model:")) {
      error(file, endpoint.line(), where(uri), "no route starts at it, expected a to step");
    }
  }

  private @Nullable String uri(
      RouteFile file, @Nullable EndpointNode endpoint, Placeholders placeholders) {
    if (endpoint == null) {
      return null;
    }
    int query = endpoint.uri().indexOf('?');
    String base = query < 0 ? endpoint.uri() : endpoint.uri().substring(0, query);
    Placeholders.Result result = placeholders.resolve(base);
    if (result instanceof Placeholders.Unset unset) {
      error(file, endpoint.line(), base, unset.placeholder() + " is not set");
      return null;
    }
    return result instanceof Placeholders.Text text ? text.value() : base;
  }

  private void model(RouteFile file, EndpointNode endpoint, String uri, Placeholders placeholders) {
    String where = where(uri);
    if (endpoint.twice()) {
      error(
          file, endpoint.line(), where, "it has both a query and parameters, expected one of them");
    }
    Map<String, String> values = values(file, endpoint, where, ModelParameters.TABLE, placeholders);
    String name = ModelParameters.nameOf(uri);
    if (placeholders.resolve(uri) instanceof Placeholders.Later) {
      return; // a template's: its name is known when the template is used
    }
    if (name == null || !EndpointName.model(name)) {
      error(
          file,
          endpoint.line(),
          where,
          "\"" + (name == null ? "" : name) + "\" is not " + EndpointName.MODEL_ACCEPTED);
      return;
    }
    url(file, endpoint, name, values);
  }

  private void url(RouteFile file, EndpointNode endpoint, String name, Map<String, String> values) {
    String url = values.get("url");
    Url known = urls.get(name);
    EndpointNode.Value written =
        endpoint.values().stream().filter(v -> v.name().equals("url")).findFirst().orElse(null);
    int line = written == null ? endpoint.line() : written.line();
    if (known == null) {
      urls.put(name, new Url(url == null ? "" : url, file.name() + ":" + line));
      if (written == null && !values.containsKey("discover")) {
        error(
            file,
            line,
            "model:" + name,
            "url is missing where the server is first named, such as url: http://10.0.0.11:8000");
      }
    } else if (url != null && !known.text().isEmpty() && !url.equals(known.text())) {
      error(
          file,
          line,
          "model:" + name,
          "url \"" + url + "\" is not \"" + known.text() + "\", which " + known.place() + " says");
    }
  }

  private void pool(RouteFile file, EndpointNode endpoint, String uri, Placeholders placeholders) {
    String where = where(uri);
    String name = String.valueOf(PoolParameters.nameOf(uri));
    Map<String, String> values = values(file, endpoint, where, PoolParameters.TABLE, placeholders);
    if (placeholders.resolve(uri) instanceof Placeholders.Later) {
      startsAnywhere = true;
      return;
    }
    if (!EndpointName.pool(name)) {
      error(file, endpoint.line(), where, "\"" + name + "\" is not " + EndpointName.POOL_ACCEPTED);
      return;
    }
    answers(file, endpoint.line(), where, name);
    for (EndpointNode.Value value : endpoint.values()) {
      if (value.name().equals("aliases")) {
        for (String alias : PoolParameters.split(values.getOrDefault("aliases", ""))) {
          answers(file, value.line(), where, alias);
        }
      }
    }
  }

  private void handedOver(
      RouteFile file, EndpointNode endpoint, String uri, Placeholders placeholders) {
    if (!endpoint.values().isEmpty()) {
      error(file, endpoint.line(), where(uri), "it takes parameters only where a route starts");
    }
    if (!(placeholders.resolve(uri) instanceof Placeholders.Later)) {
      handed.add(new Handed(String.valueOf(JobsParameters.nameOf(uri)), file, endpoint.line()));
    }
  }

  private void jobs(RouteFile file, EndpointNode endpoint, String uri, Placeholders placeholders) {
    String where = where(uri);
    String name = String.valueOf(JobsParameters.nameOf(uri));
    if (!(placeholders.resolve(uri) instanceof Placeholders.Later)) {
      if (!EndpointName.model(name)) {
        error(
            file, endpoint.line(), where, "\"" + name + "\" is not " + EndpointName.MODEL_ACCEPTED);
      }
      String before = jobs.putIfAbsent(name, file.name() + ":" + endpoint.line());
      if (before != null) {
        error(file, endpoint.line(), where, "its jobs are run by " + before + " already");
      }
    }
    values(file, endpoint, where, JobsParameters.TABLE, placeholders);
    Set<String> given =
        endpoint.values().stream().map(EndpointNode.Value::name).collect(Collectors.toSet());
    for (String missing : JobsParameters.missing(given)) {
      error(file, endpoint.line(), where, missing);
    }
  }

  private void answers(RouteFile file, int line, String where, String model) {
    String before = pools.putIfAbsent(model, file.name() + ":" + line);
    if (before != null) {
      error(file, line, where, "\"" + model + "\" is answered by " + before + " already");
    }
  }

  /** Checks the values against a table; returns those that are right, resolved. */
  private Map<String, String> values(
      RouteFile file,
      EndpointNode endpoint,
      String where,
      List<Parameter> table,
      Placeholders placeholders) {
    Map<String, String> right = new HashMap<>();
    for (EndpointNode.Value value : endpoint.values()) {
      String problem = value(value, table, placeholders, right);
      if (problem != null) {
        error(file, value.line(), where, problem);
      }
    }
    return right;
  }

  private static @Nullable String value(
      EndpointNode.Value value,
      List<Parameter> table,
      Placeholders placeholders,
      Map<String, String> right) {
    Parameter row = null;
    for (Parameter candidate : table) {
      row = candidate.name().equals(value.name()) ? candidate : row;
    }
    if (row == null) {
      return ModelParameters.unknown(value.name(), table);
    }
    String written = value.text();
    if (written == null) {
      return value.name() + " is not a single value";
    }
    if (row.type().secret() && !row.type().takes(written)) {
      return row.problem(written); // which does not print it
    }
    Placeholders.Result result = placeholders.resolve(written);
    if (result instanceof Placeholders.Unset unset) {
      return value.name() + ": " + unset.placeholder() + " is not set";
    }
    if (row.type().secret() || !(result instanceof Placeholders.Text text)) {
      return null;
    }
    String problem = row.problem(text.value());
    if (problem == null) {
      right.put(value.name(), text.value());
    }
    return problem;
  }

  private static String where(String uri) {
    return uri.replaceFirst("^(\\w+:)//", "$1");
  }

  private void error(RouteFile file, int line, String where, String message) {
    errors.add(new RouteFileError(file.name(), line, where, message));
  }
}
