package dev.caravan;

import dev.caravan.route.file.RouteFile;
import dev.caravan.route.file.RouteFileError;
import dev.caravan.route.file.RouteFileValidator;
import dev.caravan.route.file.RouteFiles;
import dev.caravan.route.file.RouteStatus;
import dev.caravan.route.reload.LiveRoutes;
import dev.caravan.route.reload.RouteWatch;
import dev.caravan.select.Balancers;
import dev.caravan.time.Ticker;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.camel.CamelContext;
import org.apache.camel.processor.loadbalancer.LoadBalancer;

/** The routes, from the files to Camel: at the start, and whenever the files change. */
final class Routing {
  private final RouteSettings settings;
  private final LiveRoutes live;
  private final RouteWatch watch;
  private List<RouteFile> loaded = List.of();

  /** No routes yet. */
  Routing(RouteSettings settings, LiveRoutes live, Ticker ticker) {
    this.settings = settings;
    this.live = live;
    this.watch =
        new RouteWatch(
            live,
            this::files,
            ticker,
            settings.reload(),
            settings.reloadPeriod().toMillis(),
            settings.reloadQuiet().toMillis());
  }

  private List<RouteFile> files() throws IOException {
    Path directory = settings.directory().map(Path::of).orElse(null);
    if (directory == null && ownFiles() && !Files.isDirectory(RouteFiles.DEFAULT)) {
      throw new IOException(RouteFiles.DEFAULT + " is not a directory of route files any more");
    }
    return RouteFiles.find(directory);
  }

  private boolean ownFiles() {
    return loaded.stream().anyMatch(file -> !file.packaged());
  }

  private RouteFileValidator validator(CamelContext camel) {
    return new RouteFileValidator(
        name -> camel.getPropertiesComponent().resolveProperty(name).orElse(null),
        Balancers.names(),
        name -> camel.getRegistry().lookupByNameAndType(name, LoadBalancer.class) != null,
        settings.schemes());
  }

  /**
   * Hands the routes of the route files over to Camel, before it starts.
   *
   * @return what is wrong with them; where there is anything, nothing was handed over
   * @throws IOException where they cannot be read
   */
  List<RouteFileError> load(CamelContext camel) throws Exception {
    loaded = files();
    return live.start(camel, validator(camel), loaded);
  }

  /**
   * Begins to ask every server how it is, and to look at the files; when the routes have started.
   */
  void started() throws Exception {
    live.started();
    watch.start(loaded);
  }

  RouteStatus status() {
    return live.status();
  }

  /** Changes nothing any more; waits for a change that is being made. */
  void freeze() {
    watch.stop();
  }

  /** Ends with the gateway. */
  void stop() {
    watch.stop();
    live.stop();
  }
}
