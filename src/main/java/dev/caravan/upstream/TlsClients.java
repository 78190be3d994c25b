package dev.caravan.upstream;

import dev.caravan.tls.TlsClient;
import dev.caravan.tls.TlsContexts;
import dev.caravan.tls.TlsEntries;
import io.netty.handler.ssl.SslContext;
import io.netty.util.concurrent.ImmediateExecutor;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.concurrent.Executor;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;
import org.jspecify.annotations.Nullable;

/** What to speak TLS to model servers with: 1.2 and 1.3, verified. Safe for any thread. */
public final class TlsClients {
  private final @Nullable TlsEntries entries;

  /** Those of no registry. */
  public TlsClients() {
    this.entries = null;
  }

  public TlsClients(TlsEntries entries) {
    this.entries = entries;
  }

  /**
   * What to speak with a server, or null where its URL says {@code http}.
   *
   * @param entry the entry of the registry that says all; null for the JDK's trust
   * @param trust a PEM file of certificates to trust besides the JDK's; null for none
   * @throws IllegalArgumentException where there is no such entry, or the file cannot be read as
   *     such
   */
  public @Nullable TlsClient of(URI url, @Nullable String entry, @Nullable Path trust) {
    if (!"https".equalsIgnoreCase(url.getScheme())) {
      return null;
    }
    if (entry != null) {
      if (entries == null) {
        throw new IllegalArgumentException("tls: there is no registry");
      }
      return entries.entry(entry);
    }
    try {
      SslContext context = TlsContexts.client(trust == null ? null : trusting(trust));
      Executor handshakes = entries == null ? ImmediateExecutor.INSTANCE : entries.handshakes();
      return (allocator, host, port) -> context.newHandler(allocator, host, port, handshakes);
    } catch (GeneralSecurityException | IOException e) {
      throw new IllegalArgumentException(
          "trustCertificates: " + trust + " cannot be used: " + e.getMessage(), e);
    }
  }

  private static TrustManagerFactory trusting(Path pem)
      throws GeneralSecurityException, IOException {
    KeyStore anchors = KeyStore.getInstance(KeyStore.getDefaultType());
    anchors.load(null, null);
    int count = 0;
    TrustManagerFactory jdk = factory();
    jdk.init((KeyStore) null);
    for (TrustManager manager : jdk.getTrustManagers()) {
      if (manager instanceof X509TrustManager known) {
        for (X509Certificate anchor : known.getAcceptedIssuers()) {
          anchors.setCertificateEntry("jdk-" + count++, anchor);
        }
      }
    }
    try (InputStream in = Files.newInputStream(pem)) {
      for (Certificate more : CertificateFactory.getInstance("X.509").generateCertificates(in)) {
        anchors.setCertificateEntry("file-" + count++, more);
      }
    }
    TrustManagerFactory both = factory();
    both.init(anchors);
    return both;
  }

  private static TrustManagerFactory factory() throws GeneralSecurityException {
    return TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
  }
}
