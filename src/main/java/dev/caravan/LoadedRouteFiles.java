package dev.caravan;

import dev.caravan.admin.RouteFileList;
import dev.caravan.route.file.RouteFileStatus;
import dev.caravan.route.file.RouteStatus;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The route files as the management API shows them. */
@ApplicationScoped
public class LoadedRouteFiles implements RouteFileList {
  private final RouteStatus status;

  @Inject
  LoadedRouteFiles(RouteStatus status) {
    this.status = status;
  }

  @Override
  public List<File> files() {
    return status.files().stream().map(LoadedRouteFiles::file).toList();
  }

  private static File file(RouteFileStatus status) {
    return new File(
        status.file(),
        status.state().label(),
        status.packaged(),
        status.changedAtMillis(),
        status.routeIds(),
        status.errors().stream()
            .map(
                error ->
                    new Mistake(
                        error.line(),
                        error.where().isEmpty() ? null : error.where(),
                        error.message()))
            .toList());
  }

  @Override
  public @Nullable String source(String file) {
    return status.files().stream()
        .filter(each -> each.file().equals(file))
        .map(RouteFileStatus::source)
        .findFirst()
        .orElse(null);
  }
}
