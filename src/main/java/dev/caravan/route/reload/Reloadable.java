package dev.caravan.route.reload;

import dev.caravan.route.file.RouteEntries;
import dev.caravan.route.file.RouteEntries.Unit;
import dev.caravan.route.file.RouteFile;
import dev.caravan.route.file.RouteFileError;
import dev.caravan.route.file.YamlNodes;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.apache.camel.FailedToCreateRouteException;
import org.apache.camel.FailedToStartRouteException;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.nodes.Node;

/** Why files that are right by themselves cannot take the place of those that run. */
final class Reloadable {
  private static final int MAX_REASON = 300;

  private Reloadable() {}

  /** What is wrong with some files beside those that run. */
  static List<RouteFileError> problems(RouteEntries running, List<RouteFile> files) {
    List<RouteFileError> errors = new ArrayList<>();
    for (RouteFile file : files) {
      RouteFile before = find(running.files(), file.name());
      if (file.text().isBlank() && before != null && !before.text().isBlank()) {
        errors.add(
            new RouteFileError(
                file.name(),
                1,
                "",
                "the file is empty, and was not: a file that is not wanted any more is deleted, or"
                    + " has comments only"));
      }
    }
    RouteEntries wanted = RouteEntries.of(files);
    if (!wanted.atStart().equals(running.atStart())) {
      errors.add(atStart(running, wanted));
    }
    return errors;
  }

  private static RouteFileError atStart(RouteEntries running, RouteEntries wanted) {
    String kinds = String.join(", ", new TreeSet<>(RouteEntries.AT_START));
    for (RouteFile file : wanted.files()) {
      for (String kind : new TreeSet<>(RouteEntries.AT_START)) {
        List<Node> nodes = RouteEntries.nodes(file, kind);
        if (!nodes.isEmpty()) {
          return new RouteFileError(
              file.name(),
              YamlNodes.line(nodes.get(0)),
              kind,
              "changes of " + kinds + " are taken over at a start only, restart the gateway");
        }
      }
    }
    return new RouteFileError(
        running.files().get(0).name(),
        1,
        "",
        "changes of " + kinds + " are taken over at a start only, restart the gateway");
  }

  private static @Nullable RouteFile find(List<RouteFile> files, String name) {
    return files.stream().filter(file -> file.name().equals(name)).findFirst().orElse(null);
  }

  /** Where and why a change failed. */
  static RouteFileError problem(Swap swap, RouteEntries wanted, Throwable failure) {
    Unit unit = swap.making();
    String file = swap.reading();
    int line = 1;
    for (Throwable each = failure; each != null; each = each.getCause()) {
      if (each instanceof FailedToCreateRouteException made) {
        unit = swap.unit(String.valueOf(made.getRouteId()));
      } else if (each instanceof FailedToStartRouteException started) {
        unit = swap.unit(String.valueOf(started.getRouteId()));
      } else if (each instanceof MarkedYamlEngineException yaml) {
        line = yaml.getProblemMark().map(Mark::getLine).orElse(0) + 1;
      }
    }
    if (unit != null) {
      String id = unit.id();
      return new RouteFileError(
          unit.file(), unit.line(), id == null ? "route" : "route " + id, reason(failure));
    }
    return new RouteFileError(
        file != null ? file : wanted.files().get(0).name(), line, "", reason(failure));
  }

  /** The innermost reason in one line. */
  static String reason(Throwable failure) {
    Throwable root = failure;
    while (root.getCause() != null) {
      root = root.getCause();
    }
    String said =
        root instanceof MarkedYamlEngineException yaml ? yaml.getProblem() : root.getMessage();
    String text = said == null || said.isBlank() ? root.getClass().getSimpleName() : said;
    String line = text.lines().findFirst().orElse(text).strip();
    return line.length() <= MAX_REASON ? line : line.substring(0, MAX_REASON - 1) + "…";
  }

  /** How many routes run that did not. */
  static int added(List<RunningRoute> before, List<RunningRoute> now) {
    Set<String> known = new HashSet<>();
    before.forEach(route -> known.add(route.camelId()));
    return (int) now.stream().filter(route -> !known.contains(route.camelId())).count();
  }

  /** The names of the files that are new, changed or gone. */
  static String changed(List<RouteFile> before, List<RouteFile> now) {
    TreeSet<String> names = new TreeSet<>();
    for (RouteFile file : now) {
      if (!before.contains(file)) {
        names.add(file.name());
      }
    }
    for (RouteFile file : before) {
      if (find(now, file.name()) == null) {
        names.add(file.name() + " (deleted)");
      }
    }
    return String.join(", ", names);
  }
}
