package dev.caravan;

import dev.caravan.limit.Ledger;
import dev.caravan.limit.redis.RedisSharing;
import dev.caravan.telemetry.LimitMeters;
import dev.caravan.time.Chance;
import dev.caravan.time.Ticker;
import dev.caravan.time.WallClock;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.netty.channel.EventLoopGroup;
import io.quarkus.runtime.configuration.ConfigurationException;
import java.net.URI;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The limits put together: what is used of them, what is measured, and who else knows. */
final class Limiting implements AutoCloseable {
  private final Ledger ledger;
  private final @Nullable RedisSharing sharing;

  Limiting(
      RedisSettings settings,
      MeterRegistry registry,
      EventLoopGroup loops,
      Ticker ticker,
      WallClock clock) {
    LimitMeters meters = new LimitMeters(registry, ticker, clock);
    String url = settings.url().orElse("");
    ledger = new Ledger(ticker, clock, !url.isBlank(), meters);
    meters.watch(ledger);
    loops.next().scheduleAtFixedRate(ledger::sweep, 1, 1, TimeUnit.MINUTES);
    RedisSharing shared = null;
    if (!url.isBlank()) {
      int timeout = Math.toIntExact(settings.timeout().toMillis());
      // Not of the gateway's own sequence: two of the same seed are still two.
      String name = Long.toHexString(Chance.system().bits());
      shared = new RedisSharing(ledger, uri(url), timeout, name, ticker, clock);
      measure(shared, registry);
      shared.start(Math.max(1, settings.interval().toMillis()));
    }
    sharing = shared;
  }

  private static URI uri(String url) {
    try {
      URI uri = URI.create(url);
      boolean scheme = "redis".equals(uri.getScheme()) || "rediss".equals(uri.getScheme());
      if (scheme && uri.getHost() != null && uri.getPort() > 0) {
        return uri;
      }
    } catch (IllegalArgumentException e) {
      // As below: the text may hold a password, and is not repeated.
    }
    throw new ConfigurationException(
        "caravan.limits.redis.url is not as redis://HOST:PORT or rediss://USER:PASSWORD@HOST:PORT/DB");
  }

  private static void measure(RedisSharing sharing, MeterRegistry registry) {
    Gauge.builder("caravan.limits.shared", sharing, each -> each.connected() ? 1 : 0)
        .description("Whether limits are shared with other gateways now")
        .register(registry);
    FunctionCounter.builder("caravan.limits.shared.failures", sharing, RedisSharing::failures)
        .description("Exchanges with Redis that came to nothing")
        .register(registry);
  }

  Ledger ledger() {
    return ledger;
  }

  /** How limits are shared, in words for the health page; null where they are not to be. */
  @Nullable String sharing() {
    RedisSharing shared = sharing;
    return shared == null ? null : shared.connected() ? "yes" : "no: Redis is away";
  }

  @Override
  public void close() {
    if (sharing != null) {
      sharing.close();
    }
  }
}
