package dev.caravan.testing;

import dev.caravan.time.WallClock;
import java.io.IOException;
import java.io.StringWriter;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.util.Date;
import java.util.concurrent.atomic.AtomicLong;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.cert.X509CRLHolder;
import org.bouncycastle.cert.X509v2CRLBuilder;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.openssl.jcajce.JcaPEMWriter;
import org.bouncycastle.openssl.jcajce.JcaPKCS8Generator;
import org.bouncycastle.operator.ContentSigner;
import org.bouncycastle.operator.OperatorException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.jspecify.annotations.Nullable;

/** A certificate authority of a test's own, with P-256 keys. For one thread. */
@SuppressWarnings("JavaUtilDate") // what Bouncy Castle takes
public final class Authority {
  private static final AtomicLong SERIAL = new AtomicLong(1);
  private static final char[] PASSWORD = "changeit".toCharArray();
  private static final Duration DAY = Duration.ofDays(1);

  private final KeyPair keys;
  private final X500Name name;
  private final X509Certificate certificate;

  /** A certificate with its key. */
  public record Issued(PrivateKey key, X509Certificate certificate) {

    public String pem() {
      return text(certificate);
    }

    public String keyPem() {
      try {
        return text(new JcaPKCS8Generator(key, null).generate());
      } catch (IOException e) {
        throw new IllegalStateException(e);
      }
    }

    /** Writes {@code tls.crt} and {@code tls.key}, as a Secret of Kubernetes has them. */
    public void write(Path directory) throws IOException {
      Files.createDirectories(directory);
      Files.writeString(directory.resolve("tls.crt"), pem());
      Files.writeString(directory.resolve("tls.key"), keyPem());
    }
  }

  /** An authority of that name. */
  public Authority(String name) {
    this.keys = keys();
    this.name = new X500Name("CN=" + name);
    try {
      this.certificate = signed(builder(this.name, -1, 3650, this.name, keys.getPublic(), true));
    } catch (GeneralSecurityException | IOException | OperatorException e) {
      throw new IllegalStateException(e);
    }
  }

  /** A certificate that is good from yesterday for a year. */
  public Issued issue(String subject, String... alternatives) {
    return issue(subject, -1, 365, alternatives);
  }

  /**
   * A certificate.
   *
   * @param fromDays when it begins, from now
   * @param untilDays when it ends, from now
   * @param alternatives DNS names; addresses where they begin with a digit; URIs with {@code ://}
   */
  public Issued issue(String subject, int fromDays, int untilDays, String... alternatives) {
    try {
      KeyPair own = keys();
      X509v3CertificateBuilder builder =
          builder(
              name,
              fromDays,
              untilDays,
              new X500Name("CN=" + subject + ",O=Caravan"),
              own.getPublic(),
              false);
      if (alternatives.length > 0) {
        GeneralName[] names = new GeneralName[alternatives.length];
        for (int i = 0; i < names.length; i++) {
          String each = alternatives[i];
          int kind =
              each.contains("://")
                  ? GeneralName.uniformResourceIdentifier
                  : Character.isDigit(each.charAt(0)) ? GeneralName.iPAddress : GeneralName.dNSName;
          names[i] = new GeneralName(kind, each);
        }
        builder.addExtension(Extension.subjectAlternativeName, false, new GeneralNames(names));
      }
      return new Issued(own.getPrivate(), signed(builder));
    } catch (GeneralSecurityException | IOException | OperatorException e) {
      throw new IllegalStateException(e);
    }
  }

  /** A list, in PEM, that takes those back. */
  public String revoking(Issued... those) {
    try {
      long now = WallClock.system().epochMillis();
      X509v2CRLBuilder list = new X509v2CRLBuilder(name, new Date(now - DAY.toMillis()));
      list.setNextUpdate(new Date(now + DAY.toMillis()));
      for (Issued each : those) {
        list.addCRLEntry(each.certificate().getSerialNumber(), new Date(now - DAY.toMillis()), 0);
      }
      X509CRLHolder made = list.build(signer());
      return text(made);
    } catch (OperatorException e) {
      throw new IllegalStateException(e);
    }
  }

  public String pem() {
    return text(certificate);
  }

  /** What trusts this authority alone, and shows a certificate if there is one. */
  public SSLContext context(@Nullable Issued own) {
    try {
      TrustManagerFactory trust =
          TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      KeyStore anchors = empty();
      anchors.setCertificateEntry("ca", certificate);
      trust.init(anchors);
      KeyManagerFactory managers =
          KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
      KeyStore store = empty();
      if (own != null) {
        store.setKeyEntry("own", own.key(), PASSWORD, new Certificate[] {own.certificate()});
      }
      managers.init(store, PASSWORD);
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(managers.getKeyManagers(), trust.getTrustManagers(), null);
      return context;
    } catch (GeneralSecurityException | IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private static KeyStore empty() throws GeneralSecurityException, IOException {
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, null);
    return store;
  }

  private static KeyPair keys() {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(new ECGenParameterSpec("secp256r1"));
      return generator.generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private static X509v3CertificateBuilder builder(
      X500Name issuer,
      int fromDays,
      int untilDays,
      X500Name subject,
      java.security.PublicKey key,
      boolean authority)
      throws IOException {
    long now = WallClock.system().epochMillis();
    return new JcaX509v3CertificateBuilder(
            issuer,
            BigInteger.valueOf(SERIAL.incrementAndGet()),
            new Date(now + fromDays * DAY.toMillis()),
            new Date(now + untilDays * DAY.toMillis()),
            subject,
            key)
        .addExtension(Extension.basicConstraints, true, new BasicConstraints(authority));
  }

  private ContentSigner signer() throws OperatorException {
    return new JcaContentSignerBuilder("SHA256withECDSA").build(keys.getPrivate());
  }

  private X509Certificate signed(X509v3CertificateBuilder builder)
      throws GeneralSecurityException, OperatorException {
    return new JcaX509CertificateConverter().getCertificate(builder.build(signer()));
  }

  private static String text(Object what) {
    StringWriter text = new StringWriter();
    try (JcaPEMWriter writer = new JcaPEMWriter(text)) {
      writer.writeObject(what);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
    return text.toString();
  }

  /** Writes this authority's certificate. */
  public Path write(Path file) throws IOException {
    return Files.writeString(file, pem(), StandardCharsets.US_ASCII);
  }
}
