package dev.caravan.testing;

import io.quarkus.tls.BaseTlsConfiguration;
import io.quarkus.tls.TlsConfiguration;
import io.quarkus.tls.TlsConfigurationRegistry;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.net.KeyCertOptions;
import io.vertx.core.net.PemKeyCertOptions;
import io.vertx.core.net.PemTrustOptions;
import io.vertx.core.net.SSLOptions;
import io.vertx.core.net.TrustOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Stands for Quarkus' TLS registry where there is no Quarkus: the same properties, as far as tests
 * use them, for PEM files.
 */
public final class PemRegistry implements TlsConfigurationRegistry {
  private final Map<String, String> properties;
  private final Vertx vertx;
  private final Map<String, TlsConfiguration> entries = new ConcurrentHashMap<>();

  public PemRegistry(Map<String, String> properties, Vertx vertx) {
    this.properties = properties;
    this.vertx = vertx;
  }

  @Override
  public Optional<TlsConfiguration> get(String name) {
    String prefix = "quarkus.tls." + name + ".";
    if (properties.keySet().stream().noneMatch(each -> each.startsWith(prefix))) {
      return Optional.empty();
    }
    return Optional.of(entries.computeIfAbsent(name, each -> new Entry(prefix)));
  }

  @Override
  public Optional<TlsConfiguration> getDefault() {
    return Optional.empty();
  }

  @Override
  public void register(String name, TlsConfiguration configuration) {
    entries.put(name, configuration);
  }

  private final class Entry extends BaseTlsConfiguration {
    private final String prefix;
    private @Nullable PemKeyCertOptions keys;
    private @Nullable KeyStore keyStore;
    private @Nullable PemTrustOptions trust;
    private @Nullable KeyStore trustStore;

    Entry(String prefix) {
      this.prefix = prefix;
      try {
        load();
      } catch (Exception e) {
        throw new IllegalStateException(e);
      }
    }

    private @Nullable String said(String name) {
      return properties.get(prefix + name);
    }

    private Buffer file(@Nullable String name) throws IOException {
      return Buffer.buffer(Files.readAllBytes(Path.of(Objects.requireNonNull(name))));
    }

    private synchronized void load() throws Exception {
      PemKeyCertOptions newKeys = null;
      for (int i = 0; said("key-store.pem." + i + ".cert") != null; i++) {
        newKeys = newKeys == null ? new PemKeyCertOptions() : newKeys;
        newKeys.addCertValue(file(said("key-store.pem." + i + ".cert")));
        newKeys.addKeyValue(file(said("key-store.pem." + i + ".key")));
      }
      KeyStore newKeyStore = newKeys == null ? null : newKeys.loadKeyStore(vertx);
      PemTrustOptions newTrust = null;
      String certs = said("trust-store.pem.certs");
      if (certs != null) {
        newTrust = new PemTrustOptions();
        for (String each : certs.split(",", -1)) {
          newTrust.addCertValue(file(each));
        }
      }
      KeyStore newTrustStore = newTrust == null ? null : newTrust.loadKeyStore(vertx);
      keys = newKeys;
      keyStore = newKeyStore;
      trust = newTrust;
      trustStore = newTrustStore;
    }

    @Override
    public synchronized boolean reload() {
      try {
        load();
        return true;
      } catch (Exception e) {
        return false;
      }
    }

    @Override
    public synchronized @Nullable KeyStore getKeyStore() {
      return keyStore;
    }

    @Override
    public synchronized @Nullable KeyCertOptions getKeyStoreOptions() {
      return keys;
    }

    @Override
    public synchronized @Nullable KeyStore getTrustStore() {
      return trustStore;
    }

    @Override
    public synchronized @Nullable TrustOptions getTrustStoreOptions() {
      return trust;
    }

    @Override
    public boolean usesSni() {
      return "true".equals(said("key-store.sni"));
    }

    @Override
    public boolean isTrustAll() {
      return false;
    }

    @Override
    public Optional<String> getHostnameVerificationAlgorithm() {
      return Optional.ofNullable(said("hostname-verification-algorithm"));
    }

    @Override
    public SSLOptions getSSLOptions() {
      String protocols = said("protocols");
      SSLOptions options = new SSLOptions();
      options
          .setUseAlpn(true)
          .setSslHandshakeTimeout(10)
          .setSslHandshakeTimeoutUnit(TimeUnit.SECONDS)
          .setEnabledSecureTransportProtocols(
              new LinkedHashSet<>(
                  List.of((protocols == null ? "TLSv1.3" : protocols).split(",", -1))));
      String revoked = said("certificate-revocation-list");
      if (revoked != null) {
        try {
          options.addCrlValue(file(revoked));
        } catch (IOException e) {
          throw new IllegalStateException(e);
        }
      }
      return options;
    }
  }
}
