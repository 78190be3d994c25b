package dev.caravan.tls;

import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.Collection;
import java.util.concurrent.Executor;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Whom to trust besides those whom the JDK trusts: a PEM file, and what of it is in force. It is
 * read again, and taken over when it is good; connections that stand keep what they began with.
 * Safe for any thread; {@link #refresh} reads the file.
 */
public final class TrustFile implements TlsClient {
  private static final Logger LOG = Logger.getLogger("dev.caravan.tls");

  private final Path file;
  private final Executor handshakes;
  private volatile SslContext now;

  // ---- guarded by this
  private byte[] read;
  private @Nullable String problem;

  /**
   * Reads it for the first time.
   *
   * @throws GeneralSecurityException where it holds no certificates
   * @throws IOException where it cannot be read
   */
  public TrustFile(Path file, Executor handshakes) throws GeneralSecurityException, IOException {
    this.file = file;
    this.handshakes = handshakes;
    this.read = Files.readAllBytes(file);
    this.now = TlsContexts.client(trusting(read));
  }

  /** Reads it again, and takes over what is new and good. */
  synchronized void refresh() {
    try {
      byte[] fresh = Files.readAllBytes(file);
      if (!Arrays.equals(fresh, read)) {
        now = TlsContexts.client(trusting(fresh));
        read = fresh;
        LOG.infof("trustCertificates: new connections trust what %s holds now", file);
      }
      problem = null;
    } catch (IOException | GeneralSecurityException | RuntimeException e) {
      String why = e.toString();
      if (!why.equals(problem)) {
        problem = why;
        LOG.errorf(
            "trustCertificates: what %s holds now is not used, what is in force stays: %s",
            file, why);
      }
    }
  }

  @Override
  public SslHandler handler(ByteBufAllocator allocator, String host, int port) {
    return now.newHandler(allocator, host, port, handshakes);
  }

  private static TrustManagerFactory trusting(byte[] pem)
      throws GeneralSecurityException, IOException {
    Collection<? extends Certificate> more =
        CertificateFactory.getInstance("X.509").generateCertificates(new ByteArrayInputStream(pem));
    if (more.isEmpty()) {
      // Half a file, or none yet: to trust nobody of it would fail requests.
      throw new GeneralSecurityException("it holds no certificates");
    }
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
    for (Certificate each : more) {
      anchors.setCertificateEntry("file-" + count++, each);
    }
    TrustManagerFactory both = factory();
    both.init(anchors);
    return both;
  }

  private static TrustManagerFactory factory() throws GeneralSecurityException {
    return TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
  }
}
