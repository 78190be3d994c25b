package dev.caravan.tls;

import io.quarkus.tls.TlsConfiguration;
import io.quarkus.tls.TlsConfigurationRegistry;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.net.KeyCertOptions;
import io.vertx.core.net.SSLOptions;
import io.vertx.core.net.TrustOptions;
import java.io.ByteArrayInputStream;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.MessageDigest;
import java.security.cert.CRL;
import java.security.cert.CertPathBuilder;
import java.security.cert.CertStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.CollectionCertStoreParameters;
import java.security.cert.PKIXBuilderParameters;
import java.security.cert.PKIXRevocationChecker;
import java.security.cert.X509CertSelector;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.List;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import javax.net.ssl.CertPathTrustManagerParameters;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;

/** Quarkus' TLS registry: {@code quarkus.tls.NAME.*}. Safe for any thread. */
public final class RegistrySource implements TlsSource {
  private final TlsConfigurationRegistry registry;
  private final Vertx vertx;
  private final UnaryOperator<String> faults;

  /**
   * A source that reads nothing yet.
   *
   * @param faults says, for an entry whose files cannot be used, why, and which files those are
   */
  public RegistrySource(
      TlsConfigurationRegistry registry, Vertx vertx, UnaryOperator<String> faults) {
    this.registry = registry;
    this.vertx = vertx;
    this.faults = faults;
  }

  @Override
  public @Nullable TlsMaterial read(String name, boolean again) throws GeneralSecurityException {
    TlsConfiguration entry = registry.get(name).orElse(null);
    if (entry == null) {
      return null;
    }
    boolean holds = entry.getKeyStore() != null || entry.getTrustStore() != null;
    if (again && holds && !entry.reload()) {
      throw new GeneralSecurityException(faults.apply(name));
    }
    try {
      return material(entry);
    } catch (GeneralSecurityException e) {
      throw e;
    } catch (Exception e) {
      throw new GeneralSecurityException(String.valueOf(e.getMessage()), e);
    }
  }

  private TlsMaterial material(TlsConfiguration entry) throws Exception {
    KeyCertOptions keys = entry.getKeyStoreOptions();
    TrustOptions trust = entry.getTrustStoreOptions();
    SSLOptions options = entry.getSSLOptions();
    List<CRL> revoked = revoked(options);
    return new TlsMaterial(
        keys == null ? null : keys.getKeyManagerFactory(vertx),
        keys == null || !entry.usesSni() ? null : names(keys),
        trust == null ? null : trusting(entry, trust, revoked),
        List.copyOf(options.getEnabledSecureTransportProtocols()),
        List.copyOf(options.getEnabledCipherSuites()),
        options.isUseAlpn(),
        options.getSslHandshakeTimeoutUnit().toMillis(options.getSslHandshakeTimeout()),
        !entry.getHostnameVerificationAlgorithm().orElse("HTTPS").equalsIgnoreCase("NONE"),
        entry.isTrustAll(),
        fingerprint(entry, revoked));
  }

  private Function<String, KeyManagerFactory> names(KeyCertOptions keys) throws Exception {
    return keys.keyManagerFactoryMapper(vertx);
  }

  private TrustManagerFactory trusting(
      TlsConfiguration entry, TrustOptions trust, List<CRL> revoked) throws Exception {
    KeyStore anchors = entry.getTrustStore();
    if (revoked.isEmpty() || anchors == null) {
      return trust.getTrustManagerFactory(vertx);
    }
    PKIXBuilderParameters parameters = new PKIXBuilderParameters(anchors, new X509CertSelector());
    parameters.addCertStore(
        CertStore.getInstance("Collection", new CollectionCertStoreParameters(revoked)));
    PKIXRevocationChecker checker =
        (PKIXRevocationChecker) CertPathBuilder.getInstance("PKIX").getRevocationChecker();
    // The lists that are configured, and nobody is asked over the network. An authority that has
    // no list here has revoked nothing.
    checker.setOptions(
        EnumSet.of(
            PKIXRevocationChecker.Option.PREFER_CRLS,
            PKIXRevocationChecker.Option.NO_FALLBACK,
            PKIXRevocationChecker.Option.SOFT_FAIL));
    parameters.addCertPathChecker(checker);
    TrustManagerFactory factory = TrustManagerFactory.getInstance("PKIX");
    factory.init(new CertPathTrustManagerParameters(parameters));
    return factory;
  }

  private static List<CRL> revoked(SSLOptions options) throws GeneralSecurityException {
    List<CRL> all = new ArrayList<>();
    for (Buffer each : options.getCrlValues()) {
      all.addAll(
          CertificateFactory.getInstance("X.509")
              .generateCRLs(new ByteArrayInputStream(each.getBytes())));
    }
    return all;
  }

  private static String fingerprint(TlsConfiguration entry, List<CRL> revoked)
      throws GeneralSecurityException {
    MessageDigest digest = MessageDigest.getInstance("SHA-256");
    add(digest, entry.getKeyStore());
    digest.update((byte) '|');
    add(digest, entry.getTrustStore());
    for (CRL each : revoked) {
      digest.update(((java.security.cert.X509CRL) each).getEncoded());
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  private static void add(MessageDigest digest, @Nullable KeyStore store)
      throws GeneralSecurityException {
    if (store == null) {
      return;
    }
    List<String> aliases = Collections.list(store.aliases());
    Collections.sort(aliases);
    for (String alias : aliases) {
      Certificate[] chain = store.getCertificateChain(alias);
      Certificate single = store.getCertificate(alias);
      if (chain == null && single != null) {
        chain = new Certificate[] {single};
      }
      for (Certificate each : chain == null ? new Certificate[0] : chain) {
        digest.update(each.getEncoded());
      }
    }
  }
}
