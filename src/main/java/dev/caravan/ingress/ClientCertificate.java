package dev.caravan.ingress;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HexFormat;
import java.util.List;
import javax.naming.InvalidNameException;
import javax.naming.ldap.LdapName;
import javax.naming.ldap.Rdn;
import org.apache.camel.Exchange;
import org.jspecify.annotations.Nullable;

/**
 * Who a client is by the certificate that it has shown, and that the trust store vouches for. Read
 * once a connection. Immutable.
 *
 * @param subject the distinguished name, as RFC 2253 writes it
 * @param name the common name; empty for none
 * @param alternatives the subject's alternative names: DNS names, URIs, e-mail and IP addresses
 * @param fingerprint SHA-256 of the certificate, in hexadecimal
 */
public record ClientCertificate(
    String subject, String name, List<String> alternatives, String fingerprint) {
  /** The exchange property that holds {@link #subject}. */
  public static final String SUBJECT = "caravan-client-subject";

  /** The exchange property that holds {@link #name}. */
  public static final String NAME = "caravan-client-name";

  /** The exchange property that holds {@link #alternatives}, separated by commas. */
  public static final String ALTERNATIVES = "caravan-client-san";

  /** The exchange property that holds {@link #fingerprint}. */
  public static final String FINGERPRINT = "caravan-client-fingerprint";

  // GeneralName of RFC 5280, 4.2.1.6
  private static final int MAIL = 1;
  private static final int DNS = 2;
  private static final int URI = 6;
  private static final int ADDRESS = 7;

  public ClientCertificate {
    alternatives = List.copyOf(alternatives);
  }

  /**
   * What a certificate says.
   *
   * @throws CertificateException where it cannot be read
   */
  static ClientCertificate of(X509Certificate certificate) throws CertificateException {
    try {
      return new ClientCertificate(
          certificate.getSubjectX500Principal().getName(),
          commonName(certificate),
          alternatives(certificate),
          HexFormat.of()
              .formatHex(MessageDigest.getInstance("SHA-256").digest(certificate.getEncoded())));
    } catch (NoSuchAlgorithmException | InvalidNameException e) {
      throw new CertificateException(e);
    }
  }

  private static String commonName(X509Certificate certificate) throws InvalidNameException {
    for (Rdn part : new LdapName(certificate.getSubjectX500Principal().getName()).getRdns()) {
      if (part.getType().equalsIgnoreCase("CN")) {
        return String.valueOf(part.getValue());
      }
    }
    return "";
  }

  private static List<String> alternatives(X509Certificate certificate)
      throws CertificateParsingException {
    List<String> found = new ArrayList<>();
    @Nullable Collection<List<?>> all = certificate.getSubjectAlternativeNames();
    if (all != null) {
      for (List<?> each : all) {
        int kind = (Integer) each.get(0);
        if ((kind == MAIL || kind == DNS || kind == URI || kind == ADDRESS)
            && each.get(1) instanceof String text) {
          found.add(text);
        }
      }
    }
    return found;
  }

  /** Lets a route know. */
  void tell(Exchange exchange) {
    exchange.setProperty(SUBJECT, subject);
    exchange.setProperty(NAME, name);
    exchange.setProperty(ALTERNATIVES, String.join(",", alternatives));
    exchange.setProperty(FINGERPRINT, fingerprint);
  }
}
