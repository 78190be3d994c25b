package dev.caravan.route.reload;

import dev.caravan.route.file.RouteEntries;
import dev.caravan.route.file.RouteEntries.Unit;
import dev.caravan.route.file.RouteFile;
import dev.caravan.route.file.RouteText;
import dev.caravan.route.server.Servers;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.camel.CamelContext;
import org.apache.camel.Consumer;
import org.apache.camel.Endpoint;
import org.apache.camel.RouteAware;
import org.apache.camel.model.RouteConfigurationDefinition;
import org.apache.camel.model.RouteTemplateDefinition;
import org.jspecify.annotations.Nullable;

/**
 * One change of the routes. New routes are made and started beside those that they replace; when
 * all of them stand, one step sends whatever comes to them. Where one cannot be made, all that was
 * made for the change is taken away, and nothing has changed.
 */
final class Swap {
  private static final long STOP_SECONDS = 1;

  private final CamelContext camel;
  private final RouteTables tables;
  private final RouteEntries before;
  private final RouteEntries wanted;
  private final SharedDefinitions shared;
  private final Map<Unit, RunningRoute> kept = new LinkedHashMap<>();
  private final List<RunningRoute> replaced = new ArrayList<>();
  private final NewRoutes made;
  private @Nullable String reading;

  /**
   * A change that is not begun.
   *
   * @param running what runs of {@code before}
   * @param number of the change, for the ids of its routes
   */
  Swap(
      CamelContext camel,
      RouteTables tables,
      RouteEntries before,
      RouteEntries wanted,
      List<RunningRoute> running,
      SharedDefinitions shared,
      long number) {
    this.camel = camel;
    this.tables = tables;
    this.before = before;
    this.wanted = wanted;
    this.made = new NewRoutes(camel, number);
    this.shared = shared;
    List<RunningRoute> left = new ArrayList<>(running);
    for (Unit unit : wanted.units()) {
      for (RunningRoute route : left) {
        if (route.unit().digest().equals(unit.digest())) {
          left.remove(route);
          kept.put(unit, new RunningRoute(unit, route.definition(), route.outside()));
          break;
        }
      }
    }
    replaced.addAll(left);
  }

  /** Whether it changes anything that runs. */
  boolean changes() {
    return kept.size() != wanted.units().size()
        || !replaced.isEmpty()
        || !wanted.configurations().equals(before.configurations())
        || !wanted.templates().equals(before.templates())
        || !wanted.beans().equals(before.beans());
  }

  /**
   * What has become of a change.
   *
   * @param running what runs now, in the order of the files
   * @param replaced what does not take anything new any more
   * @param startLater ids of those that start when what they replace has stopped
   * @param gone servers that no route names any more
   */
  record Made(
      List<RunningRoute> running,
      List<RunningRoute> replaced,
      Set<String> startLater,
      SharedDefinitions shared,
      Set<String> gone) {}

  /** What runs where nothing changes. */
  List<RunningRoute> unchanged() {
    return List.copyOf(kept.values());
  }

  /** The file that was being read when the change failed; null where none was. */
  @Nullable String reading() {
    return reading;
  }

  /** The entry that was being made when the change failed; null where none was by itself. */
  @Nullable Unit making() {
    return made.making();
  }

  /** The entry of a route that has that id in Camel; null where the change has made none. */
  @Nullable Unit unit(String camelId) {
    return made.unit(camelId);
  }

  /** Makes the change. */
  Made make() throws Exception {
    SharedDefinitions.Beans beans = new SharedDefinitions.Beans(camel, before, wanted);
    Set<Endpoint> endpoints = new HashSet<>(camel.getEndpoints());
    SharedDefinitions now = shared;
    tables.stage(this::leaves);
    try {
      List<LoadedFile> files = load();
      now = shared.replaced(configurations(files), null);
      for (LoadedFile file : files) {
        reading = file.file().name();
        file.make(camel);
      }
      reading = null;
      List<RouteTemplateDefinition> templates = templates(files);
      if (templates != null) {
        now = now.replaced(null, templates);
      }
      for (LoadedFile file : files) {
        made.add(file, wanted.units().stream().filter(unit -> !kept.containsKey(unit)).toList());
      }
      made.start();
      return commit(now);
    } catch (Exception | LinkageError e) {
      undo(now, beans, endpoints, e);
      throw e;
    }
  }

  /** All but those of routes that stay: of such as were replaced before, too. */
  private boolean leaves(Consumer consumer) {
    String id = consumer instanceof RouteAware aware ? aware.getRoute().getRouteId() : "";
    return kept.values().stream().noneMatch(route -> route.camelId().equals(id));
  }

  // ---- reading

  private List<LoadedFile> load() throws Exception {
    boolean newBeans = !wanted.beans().equals(before.beans());
    Set<String> needed = new HashSet<>();
    for (Unit unit : wanted.units()) {
      if (!kept.containsKey(unit)) {
        needed.add(unit.file());
      }
    }
    if (!wanted.configurations().equals(before.configurations())) {
      wanted.with("routeConfiguration").forEach(file -> needed.add(file.name()));
    }
    if (!wanted.templates().equals(before.templates())) {
      wanted.with("routeTemplate").forEach(file -> needed.add(file.name()));
    }
    if (newBeans) {
      wanted.with("beans").forEach(file -> needed.add(file.name()));
    }
    List<LoadedFile> loaded = new ArrayList<>();
    for (RouteFile file : wanted.files()) {
      if (needed.contains(file.name())) {
        reading = file.name();
        loaded.add(
            LoadedFile.of(
                camel, file, newBeans ? RouteText.of(file) : RouteText.withoutBeans(file)));
      }
    }
    return loaded;
  }

  /** Those of all files; null where they are as they were. */
  private @Nullable List<RouteConfigurationDefinition> configurations(List<LoadedFile> files)
      throws Exception {
    List<RouteConfigurationDefinition> all = new ArrayList<>();
    for (LoadedFile file : files) {
      reading = file.file().name();
      all.addAll(file.configurations());
    }
    reading = null;
    return wanted.configurations().equals(before.configurations()) ? null : all;
  }

  private @Nullable List<RouteTemplateDefinition> templates(List<LoadedFile> files) {
    return wanted.templates().equals(before.templates())
        ? null
        : files.stream().flatMap(file -> file.templates().stream()).toList();
  }

  // ---- the end

  private Made commit(SharedDefinitions now) {
    List<RunningRoute> running = new ArrayList<>();
    List<Servers.Mention> mentions = new ArrayList<>();
    for (Unit unit : wanted.units()) {
      RunningRoute route = kept.get(unit);
      RunningRoute each = route != null ? route : made.of(unit);
      if (each != null) {
        running.add(each);
        mentions.addAll(each.mentions(camel));
      }
    }
    Set<String> gone = tables.commit(mentions);
    return new Made(List.copyOf(running), List.copyOf(replaced), made.startLater(), now, gone);
  }

  private void undo(
      SharedDefinitions now, SharedDefinitions.Beans beans, Set<Endpoint> known, Throwable why) {
    for (String id : made.ids()) {
      attempt(why, () -> NewRoutes.remove(camel, id, STOP_SECONDS));
    }
    attempt(why, tables::drop);
    attempt(why, () -> shared.takePlaceOf(now));
    if (!wanted.beans().equals(before.beans())) {
      attempt(why, beans::putBack);
    }
    for (Endpoint endpoint : List.copyOf(camel.getEndpoints())) {
      // Those of routes that could not be made: nobody else would remove them.
      if (!known.contains(endpoint) && endpoint.getClass().getName().startsWith("dev.caravan.")) {
        attempt(why, () -> camel.removeEndpoint(endpoint));
      }
    }
  }

  /** A step of the way back. */
  private interface Step {
    void run() throws Exception;
  }

  private static void attempt(Throwable why, Step step) {
    try {
      step.run();
    } catch (Exception e) {
      why.addSuppressed(e);
    }
  }
}
