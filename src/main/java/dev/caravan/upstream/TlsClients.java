package dev.caravan.upstream;

import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
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
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;
import org.jspecify.annotations.Nullable;

/** What to speak TLS to model servers with: 1.2 and 1.3, verified. Safe for any thread. */
public final class TlsClients {

  /**
   * The context for a server, or null where its URL says {@code http}.
   *
   * @param trust a PEM file of certificates to trust besides the JDK's; null for none
   * @throws IllegalArgumentException where the file cannot be read as such
   */
  public @Nullable SslContext contextFor(URI url, @Nullable Path trust) {
    if (!"https".equalsIgnoreCase(url.getScheme())) {
      return null;
    }
    try {
      SslContextBuilder builder =
          SslContextBuilder.forClient()
              .sslProvider(SslProvider.JDK)
              .protocols("TLSv1.3", "TLSv1.2")
              .endpointIdentificationAlgorithm("HTTPS");
      if (trust != null) {
        builder.trustManager(trusting(trust));
      }
      return builder.build();
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
