package dev.caravan.route.reload;

import dev.caravan.route.file.RouteEntries;
import dev.caravan.route.file.RouteFile;
import dev.caravan.route.file.RouteFileError;
import dev.caravan.route.file.RouteFileValidator;
import dev.caravan.route.file.RouteStatus;
import dev.caravan.route.file.RouteText;
import dev.caravan.route.probe.ServerChecks;
import dev.caravan.telemetry.RouteMeters;
import dev.caravan.telemetry.RouteMeters.Reload;
import dev.caravan.time.Ticker;
import dev.caravan.time.WallClock;
import io.netty.channel.EventLoopGroup;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.apache.camel.CamelContext;
import org.apache.camel.model.Model;
import org.apache.camel.model.RouteConfigurationDefinition;
import org.apache.camel.model.RouteDefinition;
import org.apache.camel.model.RouteTemplateDefinition;
import org.jboss.logging.Logger;

/*
 * A change of the routes
 * ----------------------
 * Files are compared entry by entry with what runs; what says the same stays as it is. For the rest,
 * new routes are made and start beside the old ones, and nothing is sent to them. Then one step
 * makes the tables name the new ones (Swap, RouteTables). Requests that are in an old route go on in
 * it; when its last is over it is stopped and removed (OldRoutes).
 *
 * Routes that take messages from elsewhere, from Kafka say, cannot run twice: of these the new one
 * is made with the others, and starts when the old one has stopped.
 */

/**
 * The routes of the route files, as they run: loads them at the start, and puts others in their
 * place. Everything here runs on one thread at a time, which may wait.
 */
public final class LiveRoutes {
  private static final Logger LOG = Logger.getLogger("dev.caravan");

  /** How long a route that takes messages from elsewhere may take to stop. */
  private static final long STOP_SECONDS = 30;

  private final RouteTables tables;
  private final ServerChecks checks;
  private final EventLoopGroup loops;
  private final Ticker ticker;
  private final RouteMeters meters;
  private final FileStates states;

  // ---- since the start
  private Running now;

  /** What runs. */
  private record Running(
      CamelContext camel,
      RouteFileValidator validator,
      RouteEntries entries,
      List<RunningRoute> routes,
      SharedDefinitions shared,
      OldRoutes old,
      long changes) {}

  /** No routes yet. */
  @SuppressWarnings("NullAway.Init") // by start
  public LiveRoutes(
      RouteTables tables,
      ServerChecks checks,
      EventLoopGroup loops,
      Ticker ticker,
      WallClock clock,
      RouteMeters meters) {
    this.tables = tables;
    this.checks = checks;
    this.loops = loops;
    this.ticker = ticker;
    this.meters = meters;
    states = new FileStates(clock);
    meters.watch(states::inSync);
  }

  /** How the files stand; for any thread. */
  public RouteStatus status() {
    return states;
  }

  /**
   * Hands the routes of some files over to Camel, which is about to start.
   *
   * @return what is wrong with the files; where there is anything, nothing was handed over
   */
  public List<RouteFileError> start(
      CamelContext camel, RouteFileValidator validator, List<RouteFile> files) throws Exception {
    List<RouteFileError> errors = validator.validate(files);
    if (!errors.isEmpty()) {
      return errors;
    }
    RouteEntries entries = RouteEntries.of(files);
    Model model = SharedDefinitions.model(camel);
    List<RouteConfigurationDefinition> own = List.copyOf(model.getRouteConfigurationDefinitions());
    List<RouteTemplateDefinition> templates = List.copyOf(model.getRouteTemplateDefinitions());
    List<LoadedFile> loaded = new ArrayList<>();
    for (RouteFile file : files) {
      loaded.add(LoadedFile.of(camel, file, RouteText.of(file)));
    }
    for (LoadedFile file : loaded) {
      camel.addRoutesConfigurations(file.whole());
    }
    for (LoadedFile file : loaded) {
      camel.addRoutes(file.whole());
    }
    List<RunningRoute> routes = new ArrayList<>();
    for (RouteEntries.Unit unit : entries.units()) {
      for (LoadedFile file : loaded) {
        if (file.file().name().equals(unit.file())) {
          RouteDefinition route = StartedRoutes.definition(model, file, unit);
          String from = String.valueOf(route.getInput().getEndpointUri());
          routes.add(
              new RunningRoute(
                  unit,
                  route,
                  RunningRoute.outside(
                      unit.templated() ? from : camel.resolvePropertyPlaceholders(from))));
        }
      }
    }
    now =
        new Running(
            camel,
            validator,
            entries,
            List.copyOf(routes),
            SharedDefinitions.since(camel, own, templates),
            new OldRoutes(camel, loops, ticker),
            1);
    states.started(files);
    return List.of();
  }

  /** When Camel has started them: begins to ask the servers how they are. */
  public void started() throws Exception {
    states.running(now.routes);
    checks.ensure(now.camel);
  }

  /** When the routes are to end: asks nobody any more. */
  public void stop() {
    checks.stop();
  }

  // ---- changes

  /**
   * Makes what some files say the routes. Where they are at fault, nothing changes, and the reasons
   * are in the log and in {@link #status}.
   *
   * @return what became of it
   */
  public Reload reload(List<RouteFile> files) {
    List<RouteFileError> errors = new ArrayList<>(now.validator.validate(files));
    if (errors.isEmpty()) {
      errors.addAll(Reloadable.problems(now.entries, files));
    }
    return errors.isEmpty() ? swap(files) : rejected(files, errors);
  }

  private Reload swap(List<RouteFile> files) {
    Running was = now;
    RouteEntries wanted = RouteEntries.of(files);
    long number = was.changes + 1;
    Swap swap = new Swap(was.camel, tables, was.entries, wanted, was.routes, was.shared, number);
    if (!swap.changes()) {
      if (!states.inSync()) {
        LOG.info("Routes: nothing is wrong with their files any more; they say what runs");
      }
      now =
          new Running(
              was.camel, was.validator, wanted, swap.unchanged(), was.shared, was.old, was.changes);
      states.applied(files, now.routes);
      meters.reloaded(Reload.UNCHANGED);
      return Reload.UNCHANGED;
    }
    Swap.Made made;
    try {
      made = swap.make();
    } catch (Exception | LinkageError e) {
      LOG.debug("The routes could not be changed", e);
      return rejected(files, List.of(Reloadable.problem(swap, wanted, e)));
    }
    List<RouteFileError> late = new ArrayList<>();
    List<RunningRoute> routes = OutsideRoutes.turnOver(was.camel, made, late, STOP_SECONDS);
    now = new Running(was.camel, was.validator, wanted, routes, made.shared(), was.old, number);
    List<RunningRoute> inside = new ArrayList<>(made.replaced());
    inside.removeIf(RunningRoute::outside);
    was.old.add(inside);
    check(made.gone());
    if (!late.isEmpty()) {
      return rejected(files, late);
    }
    states.applied(files, routes);
    meters.reloaded(Reload.APPLIED);
    LOG.infof(
        "Routes: %s taken over (%d routes, of which %d are new)",
        Reloadable.changed(was.entries.files(), files),
        routes.size(),
        Reloadable.added(was.routes, routes));
    return Reload.APPLIED;
  }

  /** The servers are asked as the routes want it now. */
  private void check(Set<String> gone) {
    try {
      for (String server : gone) {
        checks.drop(now.camel, server);
      }
      checks.ensure(now.camel);
    } catch (Exception e) {
      LOG.error("The routes that probe servers could not be changed", e);
    }
  }

  private Reload rejected(List<RouteFile> files, List<RouteFileError> errors) {
    if (states.rejected(files, errors)) {
      errors.forEach(error -> LOG.errorf("%s; the routes stay as they were", error));
    }
    meters.reloaded(Reload.REJECTED);
    return Reload.REJECTED;
  }

  /**
   * The files cannot be read.
   *
   * @param reason why, with the name of what cannot
   */
  public void unreadable(String reason) {
    if (states.unreadable(reason)) {
      LOG.errorf("Route files: %s; the routes stay as they were", reason);
      meters.reloaded(Reload.REJECTED);
    }
  }

  // ---- what is over

  /**
   * Takes away what is over: routes that were replaced, servers and pools that no route names.
   * Called every so often.
   *
   * @return whether there is anything left
   */
  public boolean sweep() {
    now.old.sweep();
    for (String server : tables.servers().sweep(now.old::lead)) {
      checks.forget(server);
      LOG.infof("%s has left the fleet: no route names it, and its last request is over", server);
    }
    tables.breakers().sweep(tables.servers().leaving());
    tables.pools().forgetIdle();
    return !now.old.isEmpty() || !tables.servers().leaving().isEmpty() || tables.pools().idle();
  }

  /** How long a sweep is to wait after the last, in milliseconds. */
  static final long SWEEP_MILLIS = 250;
}
