package dev.caravan.route.probe;

import dev.caravan.health.HealthListener;
import dev.caravan.health.HealthSignals;
import dev.caravan.route.parameter.ModelParameters;
import dev.caravan.route.server.Servers;
import dev.caravan.time.Chance;
import dev.caravan.time.Scheduler;
import dev.caravan.time.Ticker;
import dev.caravan.upstream.RepeatedGet;
import dev.caravan.upstream.Target;
import dev.caravan.upstream.Transport;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.resolver.AddressResolverGroup;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Keeps one {@link Pulse} a server, as its endpoint wants it. Safe for any thread; never blocks.
 */
public final class Pulses {
  /** A cheap endpoint says little, and nothing of it matters but its status. */
  private static final int MAX_HEALTH = 64 << 10;

  /** vLLM's counters are about 100 KiB for each engine of a server. */
  private static final int MAX_METRICS = 4 << 20;

  private static final Duration SHORTEST = Duration.ofMillis(10);

  private final Servers servers;
  private final HealthSignals signals;
  private final HealthListener listener;
  private final Transport transport;
  private final AddressResolverGroup<InetSocketAddress> resolver;
  private final EventLoopGroup loops;
  private final Ticker ticker;
  private final Chance chance;
  private final long periodMillis;
  private final long timeoutMillis;

  /** Counters that come late are as good; a full server is slow to write them. */
  private final long metricsTimeoutMillis;

  private final Map<String, Beating> beating = new HashMap<>(); // guarded by this

  /** A pulse, the loop that owns it, and what it was made for. */
  private record Beating(Pulse pulse, EventLoop loop, ModelParameters parameters) {}

  /**
   * Nobody is asked yet.
   *
   * @param loops where the questions are asked from
   * @param period from one question to the next
   * @param timeout until the end of an answer; for counters, the period where that is longer
   */
  public Pulses(
      Servers servers,
      HealthSignals signals,
      HealthListener listener,
      Transport transport,
      AddressResolverGroup<InetSocketAddress> resolver,
      EventLoopGroup loops,
      Ticker ticker,
      Chance chance,
      Duration period,
      Duration timeout) {
    if (period.compareTo(SHORTEST) < 0 || timeout.compareTo(SHORTEST) < 0) {
      throw new IllegalArgumentException(
          "caravan.health.period and caravan.health.timeout must be at least 10ms, but are "
              + period
              + " and "
              + timeout);
    }
    this.servers = servers;
    this.signals = signals;
    this.listener = listener;
    this.transport = transport;
    this.resolver = resolver;
    this.loops = loops;
    this.ticker = ticker;
    this.chance = chance;
    this.periodMillis = period.toMillis();
    this.timeoutMillis = timeout.toMillis();
    this.metricsTimeoutMillis = Math.max(timeoutMillis, periodMillis);
  }

  /** Begins, renews or ends the pulse of a server, as its endpoint wants it now. */
  public synchronized void ensure(String name) {
    Servers.Server server = servers.find(name);
    if (server == null) {
      drop(name);
      return;
    }
    Beating last = beating.get(name);
    if (last != null && last.parameters().equals(server.parameters())) {
      return;
    }
    drop(name);
    EventLoop loop = loops.next();
    ModelParameters given = server.parameters();
    Pulse.Path health = path(server.target(), given.health(), MAX_HEALTH, timeoutMillis, loop);
    Pulse.Path metrics =
        path(server.target(), given.metrics(), MAX_METRICS, metricsTimeoutMillis, loop);
    if (health == null && metrics == null) {
      return;
    }
    Pulse pulse =
        new Pulse(
            name, health, metrics, signals, listener, Scheduler.on(loop), chance, periodMillis);
    beating.put(name, new Beating(pulse, loop, server.parameters()));
    if (health != null) {
      signals.pulse(name, () -> loop.execute(pulse::now));
    }
    loop.execute(pulse::start);
  }

  private Pulse.@Nullable Path path(
      Target target, @Nullable String path, int maxBody, long limitMillis, EventLoop loop) {
    return path == null
        ? null
        : new Pulse.Path(
            path,
            new RepeatedGet(target, path, maxBody, limitMillis, transport, resolver, loop, ticker));
  }

  /** Ends every pulse. */
  public synchronized void dropAll() {
    List.copyOf(beating.keySet()).forEach(this::drop);
  }

  /** Ends the pulse of a server. */
  public synchronized void drop(String name) {
    Beating last = beating.remove(name);
    if (last != null) {
      last.loop().execute(last.pulse()::stop);
      signals.notPulsed(name);
    }
  }
}
