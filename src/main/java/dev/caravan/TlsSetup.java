package dev.caravan;

import dev.caravan.tls.RegistrySource;
import dev.caravan.tls.TlsSource;
import io.quarkus.tls.TlsConfigurationRegistry;
import io.vertx.core.Vertx;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;

/** What is configured of TLS. Safe for any thread. */
@Singleton
public class TlsSetup {
  private final TlsSettings settings;
  private final TlsSource source;

  @Inject
  TlsSetup(TlsSettings settings, TlsConfigurationRegistry registry, Vertx vertx) {
    this(
        settings, new RegistrySource(registry, vertx, name -> TlsFaults.of(name, registry, vertx)));
  }

  TlsSetup(TlsSettings settings, TlsSource source) {
    this.settings = settings;
    this.source = source;
  }

  TlsSettings settings() {
    return settings;
  }

  TlsSource source() {
    return source;
  }
}
