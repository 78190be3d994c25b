package dev.caravan.tls;

import java.security.GeneralSecurityException;
import java.security.InvalidKeyException;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.X509KeyManager;

/** Looks at own certificates: whether they can be used, and until when. */
final class Certificates {
  private static final List<String> KEY_TYPES = List.of("EC", "RSA", "EdDSA", "RSASSA-PSS");

  private Certificates() {}

  /** One certificate with its key, and those that lead from it to its authority. */
  record Own(PrivateKey key, List<X509Certificate> chain) {

    X509Certificate leaf() {
      return chain.get(0);
    }
  }

  /** All that a store holds. */
  static List<Own> of(KeyManagerFactory factory) throws GeneralSecurityException {
    List<Own> found = new ArrayList<>();
    for (KeyManager manager : factory.getKeyManagers()) {
      if (manager instanceof X509KeyManager keys) {
        for (String alias : aliases(keys)) {
          X509Certificate[] chain = keys.getCertificateChain(alias);
          PrivateKey key = keys.getPrivateKey(alias);
          if (chain != null && chain.length > 0 && key != null) {
            found.add(new Own(key, List.of(chain)));
          }
        }
      }
    }
    if (found.isEmpty()) {
      throw new GeneralSecurityException("no certificate with its private key");
    }
    return found;
  }

  private static Set<String> aliases(X509KeyManager keys) {
    Set<String> aliases = new LinkedHashSet<>();
    for (String type : KEY_TYPES) {
      String[] some = keys.getServerAliases(type, null);
      if (some != null) {
        aliases.addAll(List.of(some));
      }
    }
    return aliases;
  }

  /**
   * Looks whether key and certificate belong together: files that are written one after the other
   * may be read between the two.
   */
  static void checkPair(Own own) throws GeneralSecurityException {
    PublicKey expected = own.leaf().getPublicKey();
    byte[] sample = own.leaf().getEncoded();
    Signature signature = Signature.getInstance(algorithm(expected));
    boolean fits;
    try {
      signature.initSign(own.key());
      signature.update(sample);
      byte[] signed = signature.sign();
      signature.initVerify(expected);
      signature.update(sample);
      fits = signature.verify(signed);
    } catch (InvalidKeyException | java.security.SignatureException e) {
      fits = false; // a key of another kind or size
    }
    if (!fits) {
      throw new GeneralSecurityException("the private key is not that of the certificate");
    }
  }

  private static String algorithm(PublicKey key) {
    return switch (key.getAlgorithm()) {
      case "EC" -> "SHA256withECDSA";
      case "RSA" -> "SHA256withRSA";
      default -> key.getAlgorithm();
    };
  }

  /** Looks whether every certificate of the chain is of this day. */
  static void checkDates(Own own, long nowMillis) throws GeneralSecurityException {
    Instant now = Instant.ofEpochMilli(nowMillis);
    for (X509Certificate each : own.chain()) {
      Instant from = each.getNotBefore().toInstant();
      Instant until = each.getNotAfter().toInstant();
      if (now.isBefore(from) || now.isAfter(until)) {
        throw new GeneralSecurityException(
            "the certificate of "
                + each.getSubjectX500Principal().getName()
                + " is good from "
                + from
                + " to "
                + until);
      }
    }
  }

  /** When the first of them ends, in milliseconds since 1970. */
  static long end(List<Own> owns) {
    return owns.stream()
        .flatMap(own -> own.chain().stream())
        .mapToLong(each -> each.getNotAfter().toInstant().toEpochMilli())
        .min()
        .orElse(Long.MAX_VALUE);
  }

  /** For the log. */
  static String describe(List<Own> owns) {
    Own first = owns.get(0);
    return first.leaf().getSubjectX500Principal().getName()
        + ", good until "
        + Instant.ofEpochMilli(end(owns));
  }
}
