package dev.caravan.route.file;

import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;

/**
 * Checks where the steps of a route file lead against the schemes that are allowed: every step that
 * names an endpoint, however it names it. A step that computes its endpoint from a message is let
 * through only where its scheme is written out.
 */
final class EndpointsUsed {
  /** Steps whose value is an endpoint, as a text or with {@code uri}. */
  private static final Set<String> NAME =
      Set.of("from", "to", "toD", "wireTap", "poll", "interceptFrom", "interceptSendToEndpoint");

  /** Steps whose endpoint is an expression, or with {@code uri}. */
  private static final Set<String> COMPUTE = Set.of("enrich", "pollEnrich");

  /** Steps whose endpoints are a list, as an expression. */
  private static final Set<String> COMPUTE_MANY =
      Set.of("recipientList", "routingSlip", "dynamicRouter");

  /** Settings anywhere that are an endpoint. */
  private static final Set<String> SETTINGS = Set.of("deadLetterUri");

  /** Parameters of {@code jobs:} that are endpoints. */
  private static final Set<String> PARAMETERS = Set.of("answers", "deadLetters", "chunks");

  private final RouteFile file;
  private final List<RouteFileError> errors;
  private final Placeholders placeholders;
  private final Schemes schemes;

  EndpointsUsed(
      RouteFile file, List<RouteFileError> errors, Placeholders placeholders, Schemes schemes) {
    this.file = file;
    this.errors = errors;
    this.placeholders = placeholders;
    this.schemes = schemes;
  }

  /** Checks one entry of a mapping of steps; those below it are for others calls. */
  void check(NodeTuple entry) {
    if (schemes.every()) {
      return;
    }
    String key = String.valueOf(YamlNodes.text(entry.getKeyNode()));
    Node value = entry.getValueNode();
    if (NAME.contains(key)) {
      EndpointNode endpoint = EndpointNode.of(value);
      if (endpoint != null && !(key.equals("interceptFrom") && endpoint.uri().startsWith("*"))) {
        say(endpoint.line(), key, endpoint.uri(), key.equals("from"));
        parameters(endpoint);
      }
    } else if (COMPUTE.contains(key)) {
      EndpointNode endpoint = YamlNodes.text(value) == null ? EndpointNode.of(value) : null;
      if (endpoint != null) {
        say(endpoint.line(), key, endpoint.uri(), false);
      } else {
        computed(entry.getKeyNode(), key, value);
      }
    } else if (COMPUTE_MANY.contains(key)) {
      computed(entry.getKeyNode(), key, value);
    } else if (SETTINGS.contains(key)) {
      String uri = YamlNodes.text(value);
      if (uri != null) {
        say(YamlNodes.line(value), key, uri, false);
      }
    }
  }

  private void parameters(EndpointNode endpoint) {
    if (endpoint.uri().startsWith("jobs:")) {
      for (EndpointNode.Value value : endpoint.values()) {
        String text = value.text();
        if (PARAMETERS.contains(value.name()) && text != null && text.indexOf(':') >= 0) {
          say(value.line(), "jobs: " + value.name(), text, false);
        }
      }
    }
  }

  private void computed(Node key, String step, Node value) {
    String text = expression(value);
    String resolved = text == null ? null : resolved(text);
    List<String> parts = resolved == null ? List.of("") : List.of(resolved.split(",", -1));
    String problem = schemes.computed(parts);
    if (problem != null) {
      errors.add(new RouteFileError(file.name(), YamlNodes.line(key), step, problem));
    }
  }

  /** The text of an expression that is one, or that begins as one; null for other languages. */
  private static @Nullable String expression(Node value) {
    for (Node where : new Node[] {value, YamlNodes.get(value, "expression")}) {
      for (String language : new String[] {"constant", "simple"}) {
        Node said = YamlNodes.get(where, language);
        String text =
            YamlNodes.text(said) != null
                ? YamlNodes.text(said)
                : YamlNodes.text(YamlNodes.get(said, "expression"));
        if (text != null) {
          return text;
        }
      }
    }
    return null;
  }

  private void say(int line, String step, String uri, boolean start) {
    String resolved = resolved(uri);
    String problem = schemes.problem(resolved, start);
    if (problem != null) {
      errors.add(new RouteFileError(file.name(), line, step + ": " + shown(resolved), problem));
    }
  }

  private String resolved(String uri) {
    int query = uri.indexOf('?');
    String base = query < 0 ? uri : uri.substring(0, query);
    return placeholders.resolve(base) instanceof Placeholders.Text text ? text.value() : base;
  }

  /** Without what may be a secret. */
  private static String shown(String uri) {
    int user = uri.indexOf('@');
    int colon = uri.indexOf(':');
    return user < 0 || colon < 0 ? uri : uri.substring(0, colon + 1) + "…";
  }
}
