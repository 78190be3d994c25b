package dev.caravan.route.reload;

import dev.caravan.route.file.RouteFile;
import dev.caravan.route.file.RouteFiles;
import dev.caravan.time.Scheduler;
import dev.caravan.time.Ticker;
import io.netty.util.concurrent.DefaultEventExecutor;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.EventExecutor;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Looks at the route files every so often, and has them taken over when they have changed and then
 * been left alone for a while: an editor may write a file in several steps, and a tool several
 * files. It reads what is in them, and trusts neither times nor notices, so that it sees every
 * change on every file system, the swap of a Kubernetes ConfigMap's link as well.
 *
 * <p>Owns the one thread on which routes change after the start.
 */
public final class RouteWatch {
  private static final Logger LOG = Logger.getLogger(RouteWatch.class);
  private static final long STOP_MILLIS = 5_000;

  /** Where the files are read from. */
  @FunctionalInterface
  public interface Source {
    /** All route files, as {@link RouteFiles#find} says. */
    List<RouteFile> read() throws IOException;
  }

  private final LiveRoutes routes;
  private final Source source;
  private final Ticker ticker;
  private final boolean looks;
  private final long periodMillis;
  private final long quietMillis;
  private final EventExecutor thread =
      new DefaultEventExecutor(new DefaultThreadFactory("caravan-routes", true));
  private final Scheduler scheduler = Scheduler.on(thread);
  private volatile boolean stopped;

  // ---- of the thread
  private Seen handled = new Seen(List.of(), null);
  private Seen last = handled;
  private long sinceNanos;
  private boolean sweeping;

  /** What a look has found: files, or why they cannot be read. */
  private record Seen(List<RouteFile> files, @Nullable String problem) {}

  /**
   * A watch that does not look yet.
   *
   * @param looks whether it is to; where not, what is there at the start is what runs
   * @param periodMillis from one look to the next, from 1
   * @param quietMillis how long files must have stayed as they are, from 0
   */
  public RouteWatch(
      LiveRoutes routes,
      Source source,
      Ticker ticker,
      boolean looks,
      long periodMillis,
      long quietMillis) {
    this.routes = routes;
    this.source = source;
    this.ticker = ticker;
    this.looks = looks;
    this.periodMillis = Math.max(1, periodMillis);
    this.quietMillis = Math.max(0, quietMillis);
  }

  /**
   * Begins to look.
   *
   * @param running the files that run
   */
  public void start(List<RouteFile> running) {
    handled = new Seen(List.copyOf(running), null);
    last = handled;
    if (looks) {
      scheduler.schedule(this::look, periodMillis);
    }
  }

  /** Looks no more, and waits until a change that is being made is over. */
  public void stop() {
    stopped = true;
    thread.shutdownGracefully(0, STOP_MILLIS, TimeUnit.MILLISECONDS).awaitUninterruptibly();
  }

  private void look() {
    if (stopped) {
      return;
    }
    boolean waits = true;
    try {
      waits = seen(read());
    } catch (RuntimeException | LinkageError e) {
      LOG.error("The route files could not be looked at", e);
    }
    scheduler.schedule(
        this::look, waits ? Math.max(1, Math.min(periodMillis, quietMillis / 2)) : periodMillis);
  }

  private Seen read() {
    try {
      return new Seen(source.read(), null);
    } catch (IOException e) {
      boolean bare = e instanceof FileSystemException file && file.getReason() == null;
      String cannot = bare ? " cannot be read (" + e.getClass().getSimpleName() + ")" : "";
      return new Seen(List.of(), e.getMessage() + cannot);
    }
  }

  /**
   * A look has found something.
   *
   * @return whether it waits for the files to be left alone
   */
  private boolean seen(Seen now) {
    long nanos = ticker.nanos();
    if (!now.equals(last)) {
      last = now;
      sinceNanos = nanos;
    }
    if (now.equals(handled)) {
      return false;
    }
    if (nanos - sinceNanos < TimeUnit.MILLISECONDS.toNanos(quietMillis)) {
      return true;
    }
    handled = now;
    String problem = now.problem();
    if (problem != null) {
      routes.unreadable(problem);
    } else {
      routes.reload(now.files());
      sweepLater();
    }
    return false;
  }

  private void sweepLater() {
    if (!sweeping) {
      sweeping = true;
      scheduler.schedule(this::sweep, LiveRoutes.SWEEP_MILLIS);
    }
  }

  private void sweep() {
    sweeping = false;
    try {
      if (routes.sweep() && !stopped) {
        sweepLater();
      }
    } catch (RuntimeException e) {
      LOG.error("What the routes no longer need could not be taken away", e);
    }
  }
}
