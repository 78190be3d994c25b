package dev.caravan.admin;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** The route files as the gateway has them. Safe for any thread. */
public interface RouteFileList {

  /**
   * What is wrong in a file.
   *
   * @param line from 1; null where it is about the whole file
   * @param where the endpoint or the route; null where nothing can be named
   */
  record Mistake(@Nullable Integer line, @Nullable String where, String message) {}

  /**
   * A route file.
   *
   * @param file its name, as {@link #source} takes it
   * @param state {@code active}, or {@code rejected} where its last change was not taken
   * @param packaged whether it came with the build
   * @param changedAt when its state was last another, in milliseconds since 1970; null where nobody
   *     knows
   * @param routes the ids of its routes
   */
  record File(
      String file,
      String state,
      boolean packaged,
      @Nullable Long changedAt,
      List<String> routes,
      List<Mistake> errors) {}

  /** All of them, by name. */
  List<File> files();

  /** The text of one of them as it is now; null where none has that name. May read a disk. */
  @Nullable String source(String file);
}
