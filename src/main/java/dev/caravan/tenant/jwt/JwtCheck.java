package dev.caravan.tenant.jwt;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.caravan.tenant.Claims;
import dev.caravan.tenant.Client;
import dev.caravan.tenant.Denied;
import dev.caravan.tenant.TokenChecks;
import dev.caravan.tenant.TokenChecks.Checked;
import dev.caravan.time.LogThrottle;
import dev.caravan.time.Ticker;
import dev.caravan.time.WallClock;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jboss.logging.Logger;
import org.jose4j.jwa.AlgorithmConstraints.ConstraintType;
import org.jose4j.jwk.JsonWebKey;
import org.jose4j.jwk.JsonWebKeySet;
import org.jose4j.jws.AlgorithmIdentifiers;
import org.jose4j.jwt.JwtClaims;
import org.jose4j.jwt.MalformedClaimException;
import org.jose4j.jwt.NumericDate;
import org.jose4j.jwt.consumer.InvalidJwtException;
import org.jose4j.jwt.consumer.JwtConsumer;
import org.jose4j.jwt.consumer.JwtConsumerBuilder;
import org.jose4j.lang.JoseException;
import org.jspecify.annotations.Nullable;

/**
 * Checks tokens: signature by one of the issuer's published keys, issuer, audience, time. Waits for
 * the issuer where its keys are not known, or a token is signed with one that is new. For one
 * thread, which is no event loop.
 *
 * @see <a href="https://www.rfc-editor.org/rfc/rfc8725">RFC 8725, best practices for tokens</a>
 */
public final class JwtCheck implements TokenChecks.Check {
  private static final Logger LOG = Logger.getLogger(JwtCheck.class);
  private static final ObjectMapper JSON = new ObjectMapper();

  private static final String DISCOVERY = "/.well-known/openid-configuration";

  /** Only what a published key can check: no shared secret, and never none. */
  private static final String[] ALGORITHMS = {
    AlgorithmIdentifiers.RSA_USING_SHA256,
    AlgorithmIdentifiers.RSA_USING_SHA384,
    AlgorithmIdentifiers.RSA_USING_SHA512,
    AlgorithmIdentifiers.RSA_PSS_USING_SHA256,
    AlgorithmIdentifiers.RSA_PSS_USING_SHA384,
    AlgorithmIdentifiers.RSA_PSS_USING_SHA512,
    AlgorithmIdentifiers.ECDSA_USING_P256_CURVE_AND_SHA256,
    AlgorithmIdentifiers.ECDSA_USING_P384_CURVE_AND_SHA384,
    AlgorithmIdentifiers.ECDSA_USING_P521_CURVE_AND_SHA512,
  };

  private final JwtSettings settings;
  private final JwtSettings.Tenants tenants;
  private final WallClock clock;
  private final LogThrottle throttle;
  private final Fetch fetch = new Fetch();
  private final IssuerKeys keys;
  private @Nullable String place;

  /** A check that has not asked the issuer for anything yet. */
  public JwtCheck(
      JwtSettings settings, JwtSettings.Tenants tenants, WallClock clock, Ticker ticker) {
    this.settings = settings;
    this.tenants = tenants;
    this.clock = clock;
    throttle = new LogThrottle(ticker);
    place = settings.jwks();
    keys = new IssuerKeys(this::published, settings.issuer(), ticker);
  }

  /** Asks for the issuer's keys before the first token comes, so that a mistake is logged early. */
  public void warm() {
    keys.warm();
  }

  @Override
  public Checked check(String token) {
    try {
      JwtConsumer consumer =
          new JwtConsumerBuilder()
              .setVerificationKeyResolver(keys)
              .setJwsAlgorithmConstraints(ConstraintType.PERMIT, ALGORITHMS)
              .setExpectedIssuer(settings.issuer())
              .setExpectedAudience(settings.audience().toArray(String[]::new))
              .setRequireExpirationTime()
              .setAllowedClockSkewInSeconds(settings.leewaySeconds())
              .setEvaluationTime(NumericDate.fromMilliseconds(clock.epochMillis()))
              .build();
      return client(consumer.processToClaims(token));
    } catch (InvalidJwtException e) {
      if (e.hasExpired()) {
        return refused(Denied.EXPIRED);
      }
      if (away(e)) {
        return refused(Denied.UNCHECKED);
      }
      long unknownNanos = keys.unknownForNanos();
      // Until a key that may just be new can be asked for, and no longer.
      return unknownNanos == 0
          ? refused(Denied.UNKNOWN)
          : new Checked(
              Denied.UNKNOWN, clock.epochMillis() + TimeUnit.NANOSECONDS.toMillis(unknownNanos));
    } catch (MalformedClaimException e) {
      return refused(Denied.UNKNOWN);
    }
  }

  private static Checked refused(Denied why) {
    return new Checked(why, 0);
  }

  private static boolean away(Throwable thrown) {
    for (Throwable each = thrown; each != null; each = each.getCause()) {
      if (each instanceof IOException) {
        return true;
      }
    }
    return false;
  }

  private List<JsonWebKey> published() throws IOException {
    String known = place;
    if (known == null) {
      known = discovered();
      place = known;
    }
    List<JsonWebKey> all;
    try {
      all = new JsonWebKeySet(fetch.text(known)).getJsonWebKeys();
    } catch (IOException e) {
      place = settings.jwks(); // it may have moved
      throw e;
    } catch (JoseException e) {
      throw new IOException(known + " has no keys: " + e.getClass().getSimpleName(), e);
    }
    if (all.isEmpty()) {
      throw new IOException(known + " has no keys");
    }
    return all;
  }

  private String discovered() throws IOException {
    String issuer = settings.issuer();
    String base = issuer.endsWith("/") ? issuer.substring(0, issuer.length() - 1) : issuer;
    JsonNode said = JSON.readTree(fetch.text(base + DISCOVERY));
    if (!said.path("issuer").asText().equals(issuer)) {
      throw new IOException("its discovery document is that of another issuer");
    }
    String found = said.path("jwks_uri").asText();
    try {
      JwtSettings.safe("jwks_uri", found);
    } catch (IllegalArgumentException e) {
      throw new IOException(e.getMessage(), e);
    }
    return found;
  }

  private Checked client(JwtClaims claims) throws MalformedClaimException {
    JsonNode all = JSON.valueToTree(claims.getClaimsMap());
    String tenant = all.path(settings.tenantClaim()).asText();
    Client said = tenants.find(tenant);
    Client client;
    try {
      client =
          Claims.client(
              tenant,
              said,
              String.valueOf(claims.getSubject()),
              all.get(settings.poolsClaim()),
              all.get(settings.priorityClaim()),
              all.get(settings.quotaClaim()));
    } catch (IllegalArgumentException e) {
      int suppressed = throttle.enter();
      if (suppressed >= 0) {
        LOG.warnf("A token of %s says what cannot be: %s", settings.issuer(), e.getMessage());
      }
      return refused(Denied.UNKNOWN);
    }
    long until = claims.getExpirationTime().getValueInMillis() + settings.leewaySeconds() * 1_000L;
    return new Checked(client, until);
  }

  /** What it takes, for the log at the start. */
  @Override
  public String toString() {
    return "tokens of " + settings.issuer() + " for " + List.copyOf(settings.audience());
  }
}
