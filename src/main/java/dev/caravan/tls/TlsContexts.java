package dev.caravan.tls;

import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.netty.handler.ssl.SupportedCipherSuiteFilter;
import java.security.GeneralSecurityException;
import java.util.List;
import java.util.Set;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/** Makes Netty's contexts of what an entry holds; refuses what is not safe. */
public final class TlsContexts {
  private static final Set<String> SAFE = Set.of("TLSv1.3", "TLSv1.2");

  /** Authenticated encryption with forward secrecy: all of 1.3, and those of 1.2 (RFC 9325). */
  private static final List<String> CIPHERS =
      List.of(
          "TLS_AES_128_GCM_SHA256",
          "TLS_AES_256_GCM_SHA384",
          "TLS_CHACHA20_POLY1305_SHA256",
          "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
          "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
          "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
          "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
          "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
          "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256");

  /** How long a session may be taken up again; an hour saves most of the signatures. */
  static final long SESSION_SECONDS = 3_600;

  /**
   * The same where clients show certificates, which are not looked at again then: one that ends in
   * between is still good for so long. What is taken back or not trusted any more makes other
   * contexts, which take up no session of those before.
   */
  static final long KNOWN_SESSION_SECONDS = 300;

  private TlsContexts() {}

  /** Looks whether an entry asks for what is not safe. */
  static void check(TlsMaterial material) throws GeneralSecurityException {
    for (String protocol : material.protocols()) {
      if (!SAFE.contains(protocol)) {
        throw new GeneralSecurityException("protocols: " + protocol + " is not one of " + SAFE);
      }
    }
    if (material.protocols().isEmpty()) {
      throw new GeneralSecurityException("protocols: there are none");
    }
  }

  static SslContext server(TlsMaterial material, KeyManagerFactory keys, Serving how)
      throws GeneralSecurityException {
    ClientAuth clients = how.clients();
    if (clients != ClientAuth.NONE && (material.trust() == null || material.trustAll())) {
      // Else whoever has a certificate of any public authority would be somebody.
      throw new GeneralSecurityException(
          "clients show certificates (caravan.http.client-auth), and no trust-store says who"
              + " vouches for them");
    }
    try {
      SslContextBuilder builder =
          with(SslContextBuilder.forServer(keys), material)
              .clientAuth(clients.netty())
              .sessionTimeout(clients == ClientAuth.NONE ? SESSION_SECONDS : KNOWN_SESSION_SECONDS);
      if (clients != ClientAuth.NONE) {
        builder.trustManager(material.trust());
      }
      if (material.alpn()) {
        builder.applicationProtocolConfig(
            new ApplicationProtocolConfig(
                ApplicationProtocolConfig.Protocol.ALPN,
                ApplicationProtocolConfig.SelectorFailureBehavior.FATAL_ALERT,
                ApplicationProtocolConfig.SelectedListenerFailureBehavior.ACCEPT,
                how.protocols()));
      }
      return builder.build();
    } catch (SSLException | IllegalArgumentException e) {
      throw new GeneralSecurityException(String.valueOf(e.getMessage()), e);
    }
  }

  static SslContext client(TlsMaterial material) throws GeneralSecurityException {
    try {
      SslContextBuilder builder =
          with(SslContextBuilder.forClient(), material)
              .endpointIdentificationAlgorithm(material.verifyHost() ? "HTTPS" : null);
      KeyManagerFactory keys = material.keys();
      if (keys != null) {
        builder.keyManager(keys);
      }
      if (material.trust() != null) {
        builder.trustManager(material.trust());
      }
      return builder.build();
    } catch (SSLException | IllegalArgumentException e) {
      throw new GeneralSecurityException(String.valueOf(e.getMessage()), e);
    }
  }

  private static SslContextBuilder with(SslContextBuilder builder, TlsMaterial material) {
    List<String> ciphers = material.ciphers();
    return builder
        .sslProvider(SslProvider.JDK)
        .protocols(material.protocols())
        .ciphers(ciphers.isEmpty() ? CIPHERS : ciphers, SupportedCipherSuiteFilter.INSTANCE);
  }

  /**
   * A context for servers of which nothing is configured: 1.2 and 1.3, verified.
   *
   * @param trust who vouches for them; null for those that the JDK trusts
   */
  public static SslContext client(javax.net.ssl.@Nullable TrustManagerFactory trust)
      throws GeneralSecurityException {
    return client(
        new TlsMaterial(
            null,
            null,
            trust,
            List.of("TLSv1.3", "TLSv1.2"),
            List.of(),
            false,
            0,
            true,
            false,
            ""));
  }
}
