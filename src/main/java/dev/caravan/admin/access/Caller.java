package dev.caravan.admin.access;

import dev.caravan.time.WallClock;
import io.quarkus.security.credential.CertificateCredential;
import io.quarkus.security.identity.SecurityIdentity;
import io.quarkus.security.runtime.QuarkusPrincipal;
import io.quarkus.security.runtime.QuarkusSecurityIdentity;
import java.util.List;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.eclipse.microprofile.jwt.JsonWebToken;

/** Who calls, as the API sees them: whichever way they came in. */
public final class Caller {
  /** How somebody came in who has shown a client certificate. */
  static final String CERTIFICATE = "certificate";

  private static final String HOW = "caravan.how";
  private static final String MAY_STAY = "caravan.may-stay";

  private Caller() {}

  /**
   * An identity of one of Caravan's own ways in.
   *
   * @param how the way in, a word for the audit log
   * @param mayStay whether what they came with still counts; asked again while they watch
   */
  static SecurityIdentity identity(
      String name, Set<String> roles, String how, BooleanSupplier mayStay) {
    return QuarkusSecurityIdentity.builder()
        .setPrincipal(new QuarkusPrincipal(name))
        .addRoles(roles)
        .addAttribute(HOW, how)
        .addAttribute(MAY_STAY, mayStay)
        .build();
  }

  /** The name of somebody; empty where nobody knows who it is. */
  public static String name(SecurityIdentity who) {
    String name =
        who.isAnonymous() || who.getPrincipal() == null ? "" : who.getPrincipal().getName();
    return name == null ? "" : name;
  }

  /** What somebody may do. */
  public static List<String> roles(SecurityIdentity who) {
    boolean operator = who.hasRole(Roles.OPERATOR);
    return Stream.of(Roles.VIEWER, Roles.OPERATOR)
        .filter(role -> operator || who.hasRole(role))
        .toList();
  }

  /** The way that somebody came in by: {@code token}, {@code oidc}, {@code certificate}, ... */
  public static String how(SecurityIdentity who) {
    Object known = who.getAttribute(HOW);
    if (known instanceof String how) {
      return how;
    }
    return who.isAnonymous()
        ? "none"
        : who.getPrincipal() instanceof JsonWebToken ? "oidc" : CERTIFICATE;
  }

  /** Whether what somebody came with still counts, each time it is asked. */
  public static BooleanSupplier mayStay(SecurityIdentity who, WallClock clock) {
    Object known = who.getAttribute(MAY_STAY);
    if (known instanceof BooleanSupplier mayStay) {
      return mayStay;
    }
    if (who.getPrincipal() instanceof JsonWebToken token) {
      long seconds = token.getExpirationTime();
      return () -> clock.epochMillis() / 1000 < seconds;
    }
    CertificateCredential held = who.getCredential(CertificateCredential.class);
    long end =
        held == null
            ? Long.MAX_VALUE
            : held.getCertificate().getNotAfter().toInstant().toEpochMilli();
    return () -> clock.epochMillis() < end;
  }
}
