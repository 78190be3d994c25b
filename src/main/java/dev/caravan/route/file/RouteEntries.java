package dev.caravan.route.file;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;

/**
 * What right route files hold, entry by entry, so that two readings of them can be compared.
 * Immutable.
 *
 * @param files in the order of loading
 * @param units the routes, in the same order
 * @param configurations digest of what routes share by their configurations, all files together
 * @param templates digest of the route templates
 * @param beans digest of the beans
 * @param atStart digest of what is taken over at a start only
 */
public record RouteEntries(
    List<RouteFile> files,
    List<Unit> units,
    String configurations,
    String templates,
    String beans,
    String atStart) {

  /** Entries that hold for all routes of their own file. */
  private static final Set<String> FILE_WIDE =
      Set.of(
          "errorHandler",
          "intercept",
          "interceptFrom",
          "interceptSendToEndpoint",
          "onCompletion",
          "onException");

  /** Entries that Camel takes into itself for good. */
  public static final Set<String> AT_START = Set.of("dataFormats", "rest", "restConfiguration");

  private static final Set<String> ROUTES = Set.of("route", "from");

  /**
   * One route.
   *
   * @param index which of the file's routes it is, or of its templated ones
   * @param templated whether it is made of a template
   * @param id as the file says; null where it says none
   * @param digest what the route is, all that it depends on included
   */
  public record Unit(
      String file, int index, boolean templated, @Nullable String id, int line, String digest) {}

  /** One entry of a file. */
  private record Entry(RouteFile file, String kind, Node body, String digest) {}

  /** Reads files that are right. */
  public static RouteEntries of(List<RouteFile> files) {
    List<Entry> all = new ArrayList<>();
    for (RouteFile file : files) {
      NodeDigest digest = new NodeDigest();
      for (Node item : YamlNodes.items(file, new ArrayList<>())) {
        List<NodeTuple> tuples = YamlNodes.entries(item);
        if (!tuples.isEmpty()) {
          NodeTuple first = tuples.get(0);
          String kind = String.valueOf(YamlNodes.text(first.getKeyNode()));
          all.add(new Entry(file, kind, first.getValueNode(), digest.of(item)));
        }
      }
    }
    String beans = digest(all, entry -> entry.kind.equals("beans"));
    String configurations = digest(all, entry -> entry.kind.equals("routeConfiguration"));
    String general = digest(all, RouteEntries::generalConfiguration);
    String templates = digest(all, entry -> entry.kind.equals("routeTemplate"));
    List<Unit> units = new ArrayList<>();
    for (RouteFile file : files) {
      String fileWide =
          digest(all, entry -> entry.file.equals(file) && FILE_WIDE.contains(entry.kind));
      Map<Boolean, Integer> counts = new TreeMap<>();
      for (Entry entry : all) {
        boolean templated = entry.kind.equals("templatedRoute");
        if (!entry.file.equals(file) || (!templated && !ROUTES.contains(entry.kind))) {
          continue;
        }
        boolean names = YamlNodes.get(entry.body, "routeConfigurationId") != null;
        List<String> parts =
            List.of(
                entry.digest,
                fileWide,
                beans,
                names || templated ? configurations : general,
                templated ? templates : "");
        units.add(
            new Unit(
                file.name(),
                counts.merge(templated, 1, Integer::sum) - 1,
                templated,
                YamlNodes.text(YamlNodes.get(entry.body, templated ? "routeId" : "id")),
                YamlNodes.line(entry.body),
                NodeDigest.of(parts)));
      }
    }
    return new RouteEntries(
        List.copyOf(files),
        List.copyOf(units),
        configurations,
        templates,
        beans,
        digest(all, entry -> AT_START.contains(entry.kind)));
  }

  /** A configuration without an id holds for the routes that name none. */
  private static boolean generalConfiguration(Entry entry) {
    String id = YamlNodes.text(YamlNodes.get(entry.body, "id"));
    return entry.kind.equals("routeConfiguration") && (id == null || id.equals("*"));
  }

  private static String digest(List<Entry> all, Predicate<Entry> which) {
    return NodeDigest.of(all.stream().filter(which).map(Entry::digest).toList());
  }

  /** The files that hold an entry of that kind. */
  public List<RouteFile> with(String kind) {
    return files.stream().filter(file -> !nodes(file, kind).isEmpty()).toList();
  }

  /** The bodies of the entries of that kind in a file. */
  public static List<Node> nodes(RouteFile file, String kind) {
    List<Node> found = new ArrayList<>();
    for (Node item : YamlNodes.items(file, new ArrayList<>())) {
      Node body = YamlNodes.get(item, kind);
      if (body != null) {
        found.add(body);
      }
    }
    return found;
  }

  /** The names of the beans in all files. */
  public List<String> beanNames() {
    List<String> names = new ArrayList<>();
    for (RouteFile file : files) {
      for (Node beans : nodes(file, "beans")) {
        for (Node bean : YamlNodes.elements(beans)) {
          String name = YamlNodes.text(YamlNodes.get(bean, "name"));
          if (name != null) {
            names.add(name);
          }
        }
      }
    }
    return names;
  }
}
