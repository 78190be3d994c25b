package dev.caravan.upstream;

import dev.caravan.tls.TlsClient;
import dev.caravan.tls.TlsContexts;
import dev.caravan.tls.TlsEntries;
import dev.caravan.tls.TrustFile;
import io.netty.handler.ssl.SslContext;
import io.netty.util.concurrent.ImmediateExecutor;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.util.concurrent.Executor;
import javax.net.ssl.TrustManagerFactory;
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
      if (trust != null) {
        return entries == null
            ? new TrustFile(trust, ImmediateExecutor.INSTANCE)
            : entries.trusting(trust);
      }
      SslContext context = TlsContexts.client((TrustManagerFactory) null);
      Executor handshakes = entries == null ? ImmediateExecutor.INSTANCE : entries.handshakes();
      return (allocator, host, port) -> context.newHandler(allocator, host, port, handshakes);
    } catch (GeneralSecurityException | IOException e) {
      throw new IllegalArgumentException(
          "trustCertificates: " + trust + " cannot be used: " + e.getMessage(), e);
    }
  }
}
