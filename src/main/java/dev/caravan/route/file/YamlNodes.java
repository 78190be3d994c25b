package dev.caravan.route.file;

import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Compose;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;

/** A YAML file as nodes that know their lines, and short ways to look into them. */
public final class YamlNodes {
  /** Nodes that stand for a collection elsewhere; more of them is an attack, not a route file. */
  private static final int MAX_ALIASES = 50;

  private YamlNodes() {}

  /**
   * The list that a route file is.
   *
   * @return empty where the file is empty or at fault; then {@code errors} has got why
   */
  static List<Node> items(RouteFile file, List<RouteFileError> errors) {
    if (file.text().length() > RouteFiles.MAX_BYTES) {
      errors.add(new RouteFileError(file.name(), 1, "", "the file is larger than 1 MiB"));
      return List.of();
    }
    LoadSettings settings =
        LoadSettings.builder()
            .setLabel(file.name())
            .setCodePointLimit(RouteFiles.MAX_BYTES)
            .setMaxAliasesForCollections(MAX_ALIASES)
            .setAllowDuplicateKeys(false)
            .build();
    try {
      Optional<Node> root = new Compose(settings).composeString(file.text());
      if (root.isEmpty()) {
        return List.of();
      }
      if (!(root.get() instanceof SequenceNode list)) {
        errors.add(
            new RouteFileError(
                file.name(),
                line(root.get()),
                "",
                "a route file is a list, each entry of which starts with \"- route:\" or the like"));
        return List.of();
      }
      return list.getValue();
    } catch (MarkedYamlEngineException e) {
      int line = e.getProblemMark().or(e::getContextMark).map(YamlNodes::line).orElse(1);
      errors.add(new RouteFileError(file.name(), line, "", "not YAML: " + e.getProblem()));
    } catch (YamlEngineException e) {
      errors.add(
          new RouteFileError(
              file.name(), 1, "", "not YAML: " + String.valueOf(e.getMessage()).split("\n", 2)[0]));
    }
    return List.of();
  }

  /** Where a node starts, from 1. */
  public static int line(Node node) {
    return node.getStartMark().map(YamlNodes::line).orElse(1);
  }

  private static int line(Mark mark) {
    return mark.getLine() + 1;
  }

  /** The text of a scalar, or null. */
  static @Nullable String text(@Nullable Node node) {
    return node instanceof ScalarNode scalar ? scalar.getValue() : null;
  }

  /** The value of that key, or null where there is none or the node is no mapping. */
  static @Nullable Node get(@Nullable Node node, String key) {
    for (NodeTuple entry : entries(node)) {
      if (key.equals(text(entry.getKeyNode()))) {
        return entry.getValueNode();
      }
    }
    return null;
  }

  /** That key's own node, or null where there is none or the node is no mapping. */
  static @Nullable Node key(@Nullable Node node, String key) {
    for (NodeTuple entry : entries(node)) {
      if (key.equals(text(entry.getKeyNode()))) {
        return entry.getKeyNode();
      }
    }
    return null;
  }

  /** The entries of a mapping; none for another node. */
  static List<NodeTuple> entries(@Nullable Node node) {
    return node instanceof MappingNode mapping ? mapping.getValue() : List.of();
  }

  /** The entries of a list; none for another node. */
  static List<Node> elements(@Nullable Node node) {
    return node instanceof SequenceNode list ? list.getValue() : List.of();
  }

  /**
   * The keys that a mapping anywhere below holds twice: the key's node at its second place.
   *
   * @param visited the nodes that were seen; an alias leads to one again
   */
  static void duplicateKeys(Node node, List<Node> found, Set<Node> visited) {
    if (!visited.add(node)) {
      return;
    }
    Set<String> seen = new HashSet<>();
    for (NodeTuple entry : entries(node)) {
      String key = text(entry.getKeyNode());
      if (key != null && !seen.add(key)) {
        found.add(entry.getKeyNode());
      }
      duplicateKeys(entry.getValueNode(), found, visited);
    }
    for (Node element : elements(node)) {
      duplicateKeys(element, found, visited);
    }
  }
}
