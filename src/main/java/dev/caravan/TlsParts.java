package dev.caravan;

import dev.caravan.ingress.HandshakeEnd;
import dev.caravan.ingress.SecurePort;
import dev.caravan.time.Ticker;
import dev.caravan.time.WallClock;
import dev.caravan.tls.Handshakes;
import dev.caravan.tls.TlsEntries;
import dev.caravan.tls.TlsEntry;
import dev.caravan.tls.TlsServer;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.netty.handler.ssl.ApplicationProtocolNames;
import io.quarkus.runtime.configuration.ConfigurationException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * TLS put together.
 *
 * @param entries those of the registry that are in use
 * @param port what the inference port speaks TLS with; null where it speaks plain HTTP
 */
record TlsParts(TlsEntries entries, @Nullable SecurePort port) {

  /**
   * Made of what is set, and measured.
   *
   * @param loops event loops of the gateway
   */
  static TlsParts of(
      TlsSetup setup, MeterRegistry registry, Ticker ticker, WallClock clock, int loops) {
    TlsSettings settings = setup.settings();
    TlsEntries entries =
        new TlsEntries(
            setup.source(),
            new Handshakes(Math.max(1, loops / 2)),
            clock,
            settings.tls().reloadPeriod().toMillis(),
            entry -> measure(entry, registry));
    String name = settings.http().tls().orElse("");
    if (name.isBlank()) {
      return new TlsParts(entries, null);
    }
    try {
      TlsServer server =
          entries.server(
              name,
              settings.http().clientAuth(),
              settings.http().http2()
                  ? List.of(ApplicationProtocolNames.HTTP_2, ApplicationProtocolNames.HTTP_1_1)
                  : List.of(ApplicationProtocolNames.HTTP_1_1));
      SecurePort port = new SecurePort(server, ticker);
      for (HandshakeEnd end : HandshakeEnd.values()) {
        FunctionCounter.builder("caravan.tls.handshakes", port, p -> p.count(end))
            .description("TLS handshakes of clients, by how they ended")
            .tag("result", end.label())
            .register(registry);
      }
      return new TlsParts(entries, port);
    } catch (IllegalArgumentException e) {
      entries.close();
      throw new ConfigurationException("caravan.http.tls: " + e.getMessage());
    }
  }

  private static void measure(TlsEntry entry, MeterRegistry registry) {
    Gauge.builder("caravan.tls.certificate.expiry.seconds", entry, TlsEntry::secondsLeft)
        .description("Until the first of an entry's own certificates ends; below 0 after that")
        .tag("entry", entry.name())
        .register(registry);
    String what = "Times that the files of an entry had changed and were taken over, or were bad";
    FunctionCounter.builder("caravan.tls.reloads", entry, TlsEntry::renewed)
        .description(what)
        .tags("entry", entry.name(), "result", "renewed")
        .register(registry);
    FunctionCounter.builder("caravan.tls.reloads", entry, TlsEntry::failed)
        .description(what)
        .tags("entry", entry.name(), "result", "failed")
        .register(registry);
  }
}
