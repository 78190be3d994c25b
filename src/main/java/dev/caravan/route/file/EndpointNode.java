package dev.caravan.route.file;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;

/**
 * An endpoint as a route file writes it: one text with a query, or {@code uri} and {@code
 * parameters}.
 *
 * @param uri with its query, if it has one; placeholders as they are
 * @param line where the URI stands
 * @param values the parameters, of the query first
 * @param twice whether there are both a query and parameters
 */
record EndpointNode(String uri, int line, List<Value> values, boolean twice) {

  /**
   * One parameter.
   *
   * @param text the value as written; null where it is a list or a mapping
   */
  record Value(String name, @Nullable String text, int line) {}

  /** The endpoint that a step's value names, or null where it names none by {@code uri}. */
  static @Nullable EndpointNode of(@Nullable Node step) {
    Node uriNode = YamlNodes.text(step) != null ? step : YamlNodes.get(step, "uri");
    String uri = YamlNodes.text(uriNode);
    if (uri == null || uriNode == null) {
      return null;
    }
    int line = YamlNodes.line(uriNode);
    List<Value> values = new ArrayList<>();
    int query = uri.indexOf('?');
    if (query >= 0) {
      for (String pair : uri.substring(query + 1).split("&", -1)) {
        if (!pair.isEmpty()) {
          int equals = pair.indexOf('=');
          values.add(
              new Value(
                  decoded(equals < 0 ? pair : pair.substring(0, equals)),
                  equals < 0 ? "" : decoded(pair.substring(equals + 1)),
                  line));
        }
      }
    }
    List<NodeTuple> parameters = YamlNodes.entries(YamlNodes.get(step, "parameters"));
    for (NodeTuple entry : parameters) {
      values.add(
          new Value(
              String.valueOf(YamlNodes.text(entry.getKeyNode())),
              YamlNodes.text(entry.getValueNode()),
              YamlNodes.line(entry.getKeyNode())));
    }
    return new EndpointNode(uri, line, values, query >= 0 && !parameters.isEmpty());
  }

  /** A value of the query as Camel reads it: percent-decoded, or raw within {@code RAW(…)}. */
  private static String decoded(String text) {
    if (text.startsWith("RAW(") && text.endsWith(")")) {
      return text.substring("RAW(".length(), text.length() - 1);
    }
    try {
      return URLDecoder.decode(text, StandardCharsets.UTF_8);
    } catch (IllegalArgumentException e) {
      return text;
    }
  }
}
