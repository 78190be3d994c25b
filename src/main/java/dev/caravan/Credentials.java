package dev.caravan;

import dev.caravan.admin.access.Loopback;
import dev.caravan.route.server.KeyFiles;
import dev.caravan.telemetry.Meters;
import dev.caravan.tenant.Access;
import dev.caravan.tenant.Client;
import dev.caravan.tenant.Clients;
import dev.caravan.tenant.Denied;
import dev.caravan.tenant.Quota;
import dev.caravan.tenant.TokenChecks;
import dev.caravan.tenant.jwt.JwtCheck;
import dev.caravan.tenant.jwt.JwtSettings;
import dev.caravan.time.Secrets;
import dev.caravan.time.Ticker;
import dev.caravan.time.WallClock;
import io.micrometer.core.instrument.Tag;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.quarkus.runtime.configuration.ConfigurationException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Credentials put together: the clients' file of keys, a provider's tokens, the files with the keys
 * of model servers, and their threads.
 */
final class Credentials implements AutoCloseable {
  private static final Logger LOG = Logger.getLogger("dev.caravan");

  /** Tokens that may wait for their first check; it takes some 100 microseconds. */
  private static final int MOST_WAITING = 1_000;

  private static final long LOOK_MILLIS = 500;

  private final Access access;
  private final @Nullable Clients clients;
  private final ScheduledThreadPoolExecutor watch =
      new ScheduledThreadPoolExecutor(1, new DefaultThreadFactory("caravan-credentials", true));
  private @Nullable ThreadPoolExecutor checks;

  /**
   * Reads what there is, and looks at it again from now on.
   *
   * @param servers the keys of model servers
   */
  Credentials(Settings settings, Meters meters, Ticker ticker, WallClock clock, KeyFiles servers) {
    String file = settings.clients().file().filter(said -> !said.isBlank()).orElse(null);
    try {
      clients = file == null ? null : new Clients(Path.of(file), clock, Secrets.system());
    } catch (IllegalArgumentException e) {
      throw new ConfigurationException("caravan.clients.file: " + e.getMessage());
    }
    TokenChecks tokens = tokens(settings.clients().jwt(), ticker, clock);
    access = new Access(clients, tokens);
    check(settings.http().host(), settings.http().open(), access.required());
    for (Denied why : Denied.values()) {
      meters.counter(
          "caravan.credentials.denied",
          "Requests that were not let in because of their credentials",
          Tag.of("reason", why.label()),
          () -> access.denied(why));
    }
    if (clients != null) {
      if (tokens != null) {
        clients.onChange(tokens::forget);
      }
      watch(clients::refresh);
    }
    watch(servers::look);
  }

  private void watch(Runnable look) {
    watch.scheduleWithFixedDelay(
        () -> {
          try {
            look.run();
          } catch (RuntimeException e) {
            LOG.error("A file of credentials could not be looked at", e);
          }
        },
        LOOK_MILLIS,
        LOOK_MILLIS,
        TimeUnit.MILLISECONDS);
  }

  private @Nullable TokenChecks tokens(ClientSettings.Jwt jwt, Ticker ticker, WallClock clock) {
    String issuer = jwt.issuer().filter(said -> !said.isBlank()).orElse(null);
    if (issuer == null) {
      return null;
    }
    JwtCheck check;
    try {
      check =
          new JwtCheck(
              new JwtSettings(
                  issuer,
                  jwt.audience().orElse(List.of()),
                  jwt.jwks().filter(said -> !said.isBlank()).orElse(null),
                  jwt.tenantClaim(),
                  jwt.poolsClaim(),
                  jwt.priorityClaim(),
                  jwt.quotaClaim(),
                  Math.toIntExact(Math.min(Integer.MAX_VALUE, jwt.leeway().toSeconds()))),
              this::said,
              clock,
              ticker);
    } catch (IllegalArgumentException e) {
      throw new ConfigurationException("caravan.clients.jwt: " + e.getMessage());
    }
    checks =
        new ThreadPoolExecutor(
            1,
            1,
            0,
            TimeUnit.SECONDS,
            new ArrayBlockingQueue<>(MOST_WAITING),
            new DefaultThreadFactory("caravan-tokens", true));
    LOG.infof("Clients may show %s", check);
    checks.execute(check::warm);
    return new TokenChecks(check, checks, clock);
  }

  private @Nullable Client said(String tenant) {
    return clients == null ? null : clients.listed(tenant);
  }

  /** Nobody opens the port to the network without saying so. */
  static void check(String host, boolean open, boolean required) {
    if (!required && !open && !Loopback.isName(host)) {
      throw new ConfigurationException(
          "caravan.http.host is "
              + host
              + ", and no credentials are asked for: set caravan.clients.file or"
              + " caravan.clients.jwt.issuer, or say caravan.http.open=true (docs/clients.md)");
    }
  }

  /** A tenant by its name; nobody in particular where that is empty. */
  Client tenant(String name) {
    if (name.isEmpty()) {
      return Client.ANONYMOUS;
    }
    return clients == null ? new Client(name, Quota.UNLIMITED) : clients.tenant(name);
  }

  Access access() {
    return access;
  }

  @Override
  public void close() {
    watch.shutdownNow();
    if (checks != null) {
      checks.shutdownNow();
    }
  }
}
