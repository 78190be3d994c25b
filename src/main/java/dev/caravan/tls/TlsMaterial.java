package dev.caravan.tls;

import java.util.List;
import java.util.function.Function;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;

/**
 * What an entry of the registry says and holds at one moment. Immutable.
 *
 * @param keys the own certificates with their keys; null for none
 * @param byName the certificate for a name that a client asks for, or null from it for the first
 *     one; null where names do not count
 * @param trust who vouches for others' certificates; null for those that the JDK trusts
 * @param protocols versions of TLS
 * @param ciphers cipher suites; empty for Caravan's choice
 * @param alpn whether protocols are negotiated
 * @param handshakeMillis how long a handshake may take
 * @param verifyHost whether a server's certificate must be for its name
 * @param trustAll whether everybody is believed to be who they say
 * @param fingerprint another one for whatever else it holds
 */
public record TlsMaterial(
    @Nullable KeyManagerFactory keys,
    @Nullable Function<String, KeyManagerFactory> byName,
    @Nullable TrustManagerFactory trust,
    List<String> protocols,
    List<String> ciphers,
    boolean alpn,
    long handshakeMillis,
    boolean verifyHost,
    boolean trustAll,
    String fingerprint) {

  public TlsMaterial {
    protocols = List.copyOf(protocols);
    ciphers = List.copyOf(ciphers);
  }
}
