package dev.caravan.route.file;

import java.util.List;
import java.util.Locale;

/**
 * How one route file stands. Immutable.
 *
 * @param file as messages call it, such as {@code routes/llama.yaml}
 * @param packaged whether it came with the gateway, and is no file of the user's
 * @param changedAtMillis when it got its present state or text, by the wall clock
 * @param routeIds the ids of its routes that run, as they are written; a route without an id has
 *     the one that Camel gave it
 * @param errors why it is rejected; empty where it is active
 * @param source its text on disk, or as packaged
 */
public record RouteFileStatus(
    String file,
    State state,
    boolean packaged,
    long changedAtMillis,
    List<String> routeIds,
    List<RouteFileError> errors,
    String source) {

  /** What became of a file. */
  public enum State {
    /** It runs as it is on disk. */
    ACTIVE,
    /** It does not run: what ran before goes on, and its errors say why. */
    REJECTED;

    private final String label = name().toLowerCase(Locale.ROOT);

    /** The word for it. */
    public String label() {
      return label;
    }
  }

  public RouteFileStatus {
    routeIds = List.copyOf(routeIds);
    errors = List.copyOf(errors);
  }
}
