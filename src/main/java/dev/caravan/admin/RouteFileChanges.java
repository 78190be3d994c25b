package dev.caravan.admin;

import dev.caravan.admin.RouteFileList.File;
import dev.caravan.admin.RouteFileList.Mistake;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Notes among the changes what becomes of the route files. For one thread at a time. */
public final class RouteFileChanges {
  private final RouteFileList files;
  private final Changes changes;
  private @Nullable Map<String, File> before;

  public RouteFileChanges(RouteFileList files, Changes changes) {
    this.files = files;
    this.changes = changes;
  }

  /** Looks at the files, and notes what is not as it was at the last look. */
  public void look() {
    Map<String, File> now = new LinkedHashMap<>();
    files.files().forEach(file -> now.put(file.file(), file));
    Map<String, File> known = before;
    before = now;
    if (known == null) {
      return;
    }
    for (File file : now.values()) {
      File was = known.get(file.file());
      if (was == null) {
        note(file.file(), null, file.state(), reason(file, "added"));
      } else if (!Objects.equals(was.changedAt(), file.changedAt())) {
        note(file.file(), was.state(), file.state(), reason(file, "changed"));
      }
    }
    for (File was : known.values()) {
      if (!now.containsKey(was.file())) {
        note(was.file(), was.state(), "removed", null);
      }
    }
  }

  private static String reason(File file, String otherwise) {
    if (file.errors().isEmpty()) {
      return otherwise;
    }
    Mistake first = file.errors().get(0);
    return (first.line() == null ? "" : "line " + first.line() + ": ")
        + (first.where() == null ? "" : first.where() + ": ")
        + first.message();
  }

  private void note(String file, @Nullable String from, String to, @Nullable String reason) {
    changes.add(Changes.What.ROUTES, file, from, to, reason);
  }
}
