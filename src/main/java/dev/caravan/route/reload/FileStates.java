package dev.caravan.route.reload;

import dev.caravan.route.file.RouteFile;
import dev.caravan.route.file.RouteFileError;
import dev.caravan.route.file.RouteFileStatus;
import dev.caravan.route.file.RouteStatus;
import dev.caravan.time.WallClock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** How the route files stand. Written by one thread; an immutable list, swapped whole. */
final class FileStates implements RouteStatus {
  private final WallClock clock;
  private volatile List<RouteFileStatus> all = List.of();
  private volatile boolean inSync = true;
  private List<RouteFileError> said = List.of();
  private List<RouteFile> rejected = List.of();
  private List<RouteFile> applied = List.of();
  private @Nullable String unreadable;
  private Map<String, List<String>> routes = Map.of();

  FileStates(WallClock clock) {
    this.clock = clock;
  }

  @Override
  public List<RouteFileStatus> files() {
    return all;
  }

  @Override
  public boolean inSync() {
    return inSync;
  }

  /** Those files are loaded. */
  void started(List<RouteFile> files) {
    applied = List.copyOf(files);
    set(files, List.of());
  }

  /** Those routes run. */
  void running(List<RunningRoute> now) {
    Map<String, List<String>> byFile =
        now.stream()
            .collect(
                Collectors.groupingBy(
                    route -> route.unit().file(),
                    TreeMap::new,
                    Collectors.mapping(RunningRoute::id, Collectors.toList())));
    routes = byFile;
    all =
        all.stream()
            .map(
                each ->
                    new RouteFileStatus(
                        each.file(),
                        each.state(),
                        each.packaged(),
                        each.changedAtMillis(),
                        byFile.getOrDefault(each.file(), List.of()),
                        each.errors(),
                        each.source()))
            .toList();
  }

  /** Those files are what runs. */
  void applied(List<RouteFile> files, List<RunningRoute> now) {
    applied = List.copyOf(files);
    said = List.of();
    rejected = List.of();
    unreadable = null;
    set(files, List.of());
    running(now);
    inSync = true;
  }

  /**
   * Those files are at fault, and others run.
   *
   * @return whether that was not said of the same files before
   */
  boolean rejected(List<RouteFile> files, List<RouteFileError> errors) {
    boolean news = !errors.equals(said) || !files.equals(rejected);
    said = List.copyOf(errors);
    rejected = List.copyOf(files);
    unreadable = null;
    inSync = false;
    set(files, errors);
    return news;
  }

  /**
   * The files cannot be read, and what was read before runs.
   *
   * @return whether that was not said before
   */
  boolean unreadable(String reason) {
    boolean news = !reason.equals(unreadable);
    unreadable = reason;
    inSync = false;
    return news;
  }

  private void set(List<RouteFile> files, List<RouteFileError> errors) {
    Map<String, RouteFileStatus> before =
        all.stream().collect(Collectors.toMap(RouteFileStatus::file, each -> each));
    List<RouteFileStatus> next = new ArrayList<>();
    for (RouteFile file : files) {
      RouteFileStatus was = before.get(file.name());
      List<RouteFileError> own = own(file, errors);
      RouteFileStatus.State state =
          own.isEmpty() ? RouteFileStatus.State.ACTIVE : RouteFileStatus.State.REJECTED;
      boolean same = was != null && was.state() == state && was.source().equals(file.text());
      next.add(
          new RouteFileStatus(
              file.name(),
              state,
              file.packaged(),
              was != null && same ? was.changedAtMillis() : clock.epochMillis(),
              routes.getOrDefault(file.name(), List.of()),
              own,
              file.text()));
    }
    all = List.copyOf(next);
  }

  /** What is wrong with one file; of one that is right and new, that others hold it up. */
  private List<RouteFileError> own(RouteFile file, List<RouteFileError> errors) {
    List<RouteFileError> own =
        errors.stream().filter(error -> error.file().equals(file.name())).toList();
    if (own.isEmpty() && !errors.isEmpty() && !applied.contains(file)) {
      return List.of(
          new RouteFileError(
              file.name(),
              1,
              "",
              "it is right, and waits until " + errors.get(0).file() + " is right as well"));
    }
    return own;
  }
}
