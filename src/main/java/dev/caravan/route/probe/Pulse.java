package dev.caravan.route.probe;

import dev.caravan.health.CheckResult;
import dev.caravan.health.EngineMetrics;
import dev.caravan.health.EngineReading;
import dev.caravan.health.HealthListener;
import dev.caravan.health.HealthSignals;
import dev.caravan.health.MetricsText;
import dev.caravan.time.Chance;
import dev.caravan.time.Scheduler;
import dev.caravan.upstream.Get;
import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks one server every so often how it is: its cheap endpoint, which says whether anybody is
 * there, and the counters of its engine, which say whether it works. Judges nothing; what it hears
 * goes to {@link HealthSignals}. Owned by one event loop.
 *
 * <p>A path that the server does not have is told of once and not asked again.
 */
final class Pulse {
  private static final Logger LOG = LoggerFactory.getLogger(Pulse.class);

  /** The first turn comes within this time, so that a sick server is known soon after start. */
  private static final long FIRST_WITHIN_MILLIS = 1_000;

  /** A period is up to a fifth longer or shorter, so that the turns of many gateways spread. */
  private static final double JITTER = 0.2;

  private final String server;
  private final @Nullable Path health;
  private final @Nullable Path metrics;
  private final HealthSignals signals;
  private final HealthListener listener;
  private final Scheduler scheduler;
  private final Chance chance;
  private final long periodMillis;
  private Runnable cancel = () -> {};
  private boolean stopped;

  /** One path of the server, and what has been said of it in the log. */
  static final class Path {
    private final String text;
    private final Get get;
    private boolean missing;
    private boolean missingSaid;
    private boolean forbiddenSaid;
    private boolean oddSaid;

    Path(String text, Get get) {
      this.text = text;
      this.get = get;
    }
  }

  /**
   * A pulse that does not beat yet.
   *
   * @param health null where it is not to be asked
   * @param metrics null where they are not to be asked for
   * @param scheduler runs on the event loop that owns this
   */
  Pulse(
      String server,
      @Nullable Path health,
      @Nullable Path metrics,
      HealthSignals signals,
      HealthListener listener,
      Scheduler scheduler,
      Chance chance,
      long periodMillis) {
    this.server = server;
    this.health = health;
    this.metrics = metrics;
    this.signals = signals;
    this.listener = listener;
    this.scheduler = scheduler;
    this.chance = chance;
    this.periodMillis = periodMillis;
  }

  void start() {
    long spread = Math.min(FIRST_WITHIN_MILLIS, periodMillis);
    cancel = scheduler.schedule(this::turn, (long) (chance.unit() * spread));
  }

  void stop() {
    stopped = true;
    cancel.run();
    for (Path path : new Path[] {health, metrics}) {
      if (path != null) {
        path.get.close();
      }
    }
  }

  /** Asks the cheap endpoint out of turn, even one that was not there: anybody's answer tells. */
  void now() {
    Path path = health;
    if (path != null && !stopped) {
      path.get.ask(new Health(path));
    }
  }

  private void turn() {
    if (stopped) {
      return;
    }
    double share = 1 + JITTER * (2 * chance.unit() - 1);
    cancel = scheduler.schedule(this::turn, Math.max(1, Math.round(periodMillis * share)));
    if (health != null && !health.missing) {
      health.get.ask(new Health(health));
    }
    if (metrics != null && !metrics.missing) {
      metrics.get.ask(new Metrics(metrics));
    }
  }

  /** Whether a status says that there is no such path, rather than something of the server. */
  private static boolean missing(int status) {
    return switch (status) {
      case 401, 403, 408, 425, 429 -> false;
      case 501 -> true;
      default -> status >= 300 && status < 500;
    };
  }

  private void sayForbidden(Path path, int status) {
    if ((status == 401 || status == 403) && !path.forbiddenSaid) {
      path.forbiddenSaid = true;
      LOG.warn(
          "{} answers {} with {}: it wants other credentials there than its model: endpoint has",
          server,
          path.text,
          status);
    }
  }

  private final class Health implements Get.Receiver {
    private final Path path;

    Health(Path path) {
      this.path = path;
    }

    @Override
    public void part(ByteBuf part) {
      // Whatever it says, it says that somebody is there.
    }

    @Override
    public void answered(int status, boolean whole) {
      if (status >= 500 && status != 501) {
        listener.checked(server, CheckResult.FAILED);
        signals.unreachable(server, false, path.text + " answered " + status);
        return;
      }
      path.missing = missing(status);
      if (path.missing && !path.missingSaid) {
        path.missingSaid = true;
        LOG.warn(
            "{} has no {} (status {}): it is not asked any more; set health: off or another path",
            server,
            path.text,
            status);
      }
      sayForbidden(path, status);
      listener.checked(server, CheckResult.OK);
      signals.reachable(server);
    }

    @Override
    public void failed(boolean refused, String reason) {
      listener.checked(server, refused ? CheckResult.REFUSED : CheckResult.FAILED);
      signals.unreachable(server, refused, path.text + ": " + reason);
    }
  }

  private final class Metrics implements Get.Receiver {
    private final Path path;
    private final EngineMetrics engine = new EngineMetrics();
    private final MetricsText text = new MetricsText(engine);

    Metrics(Path path) {
      this.path = path;
    }

    @Override
    public void part(ByteBuf part) {
      text.accept(part);
    }

    @Override
    public void answered(int status, boolean whole) {
      if (status >= 200 && status < 300 && whole) {
        text.end();
        EngineReading reading = engine.reading();
        if (reading.equals(EngineReading.SILENT)) {
          sayOdd("{} names no engine's queue or tokens in {}: they are seen in its answers alone");
        }
        tell(reading);
        return;
      }
      if (!whole) {
        sayOdd("{} answers {} at such a length that it is not read");
      }
      path.missing = missing(status);
      if (path.missing && !path.missingSaid) {
        path.missingSaid = true;
        LOG.info(
            "{} has no {} (status {}): its queue and progress are seen in its answers alone",
            server,
            path.text,
            status);
      }
      sayForbidden(path, status);
      tell(EngineReading.SILENT);
    }

    private void sayOdd(String line) {
      if (!path.oddSaid) {
        path.oddSaid = true;
        LOG.info(line, server, path.text);
      }
    }

    @Override
    public void failed(boolean refused, String reason) {
      tell(EngineReading.SILENT);
    }

    private void tell(EngineReading reading) {
      listener.engine(server, reading);
      signals.engine(server, reading);
    }
  }
}
