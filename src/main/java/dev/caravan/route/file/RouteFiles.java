package dev.caravan.route.file;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Finds the route files: those of a directory, and the packaged ones that the directory has no file
 * of the same name for. Reads the disk at every call; safe for any thread.
 */
public final class RouteFiles {
  /** The packaged files that apply unless the user has one of the same name. */
  public static final List<String> PACKAGED =
      List.of("errors.yaml", "ingress.yaml", "probe.yaml", "queue-amqp.yaml", "queue-kafka.yaml");

  /** Where the user's files are, unless said otherwise. */
  public static final Path DEFAULT = Path.of("routes");

  /** A larger file is not read: it is no route. */
  static final int MAX_BYTES = 1 << 20;

  private RouteFiles() {}

  /**
   * All route files, the packaged ones first, each group by name. Files that editors leave behind
   * (hidden ones, {@code ~}, {@code .swp}, {@code .tmp}) are passed over, as is everything that is
   * not {@code *.yaml} or {@code *.yml}, and sub-directories.
   *
   * @param directory the user's; null for {@code routes} in the working directory, which may be
   *     missing
   * @throws IOException where the user's directory or a file of it cannot be read, or a file is
   *     larger than 1 MiB; the message names it
   */
  public static List<RouteFile> find(@Nullable Path directory) throws IOException {
    return find(directory, RouteFiles.class.getClassLoader());
  }

  static List<RouteFile> find(@Nullable Path directory, @Nullable ClassLoader packaged)
      throws IOException {
    Map<String, RouteFile> own = new TreeMap<>();
    Path where = directory == null ? DEFAULT : directory;
    if (directory != null && !Files.isDirectory(directory)) {
      throw new IOException(directory + " is not a directory of route files");
    }
    if (Files.isDirectory(where)) {
      try (DirectoryStream<Path> entries =
          Files.newDirectoryStream(where, RouteFiles::isRouteFile)) {
        for (Path entry : entries) {
          own.put(entry.getFileName().toString(), read(entry));
        }
      }
    }
    List<RouteFile> found = new ArrayList<>();
    for (String name : new TreeSet<>(PACKAGED)) {
      if (own.containsKey(name) || own.containsKey(name.replace(".yaml", ".yml"))) {
        continue;
      }
      try (InputStream in =
          packaged == null ? null : packaged.getResourceAsStream("routes/" + name)) {
        if (in != null) {
          found.add(
              new RouteFile(
                  "routes/" + name, "classpath:routes/" + name, decoded(in.readAllBytes())));
        }
      }
    }
    found.addAll(own.values());
    return found;
  }

  /** Whether a file is one that routes are read from. */
  public static boolean isRouteFile(Path file) {
    Path last = file.getFileName();
    if (last == null || Files.isDirectory(file)) {
      return false;
    }
    String name = last.toString().toLowerCase(Locale.ROOT);
    return !name.startsWith(".")
        && !name.startsWith("#")
        && Set.of("yaml", "yml").contains(name.substring(name.lastIndexOf('.') + 1));
  }

  private static RouteFile read(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      byte[] content = in.readNBytes(MAX_BYTES + 1);
      if (content.length > MAX_BYTES) {
        throw new IOException(file + " is larger than 1 MiB: not a route file");
      }
      return new RouteFile(
          file.toString(), "file:" + file.toAbsolutePath().normalize(), decoded(content));
    }
  }

  private static String decoded(byte[] content) {
    String text = new String(content, StandardCharsets.UTF_8);
    return text.startsWith("\uFEFF") ? text.substring(1) : text; // some editors write a mark first
  }
}
