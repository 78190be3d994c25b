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
import org.jboss.logging.Logger;
import org.jose4j.http.Get;
import org.jose4j.jwa.AlgorithmConstraints.ConstraintType;
import org.jose4j.jwk.HttpsJwks;
import org.jose4j.jws.AlgorithmIdentifiers;
import org.jose4j.jwt.JwtClaims;
import org.jose4j.jwt.MalformedClaimException;
import org.jose4j.jwt.NumericDate;
import org.jose4j.jwt.consumer.InvalidJwtException;
import org.jose4j.jwt.consumer.JwtConsumer;
import org.jose4j.jwt.consumer.JwtConsumerBuilder;
import org.jose4j.keys.resolvers.HttpsJwksVerificationKeyResolver;
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
  private static final int PATIENCE_MILLIS = 3_000;
  private static final int MAX_BYTES = 512 * 1024;
  private static final long KEYS_SECONDS = 600;
  private static final long KEYS_IN_NEED_SECONDS = 24 * 3600;

  /** Keys are not asked for more often because tokens name unknown ones. */
  private static final long BETWEEN_MILLIS = 5_000;

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
  private final Get http = new Get();
  private @Nullable HttpsJwksVerificationKeyResolver keys;

  /** A check that has not asked the issuer for anything yet. */
  public JwtCheck(
      JwtSettings settings, JwtSettings.Tenants tenants, WallClock clock, Ticker ticker) {
    this.settings = settings;
    this.tenants = tenants;
    this.clock = clock;
    throttle = new LogThrottle(ticker);
    http.setConnectTimeout(PATIENCE_MILLIS);
    http.setReadTimeout(PATIENCE_MILLIS);
    http.setRetries(0);
    http.setResponseBodySizeLimit(MAX_BYTES);
  }

  @Override
  public Checked check(String token) {
    try {
      JwtConsumer consumer =
          new JwtConsumerBuilder()
              .setVerificationKeyResolver(keys())
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
      IOException away = inputOutput(e);
      if (away != null) {
        return away(away);
      }
      return refused(Denied.UNKNOWN);
    } catch (MalformedClaimException e) {
      return refused(Denied.UNKNOWN);
    } catch (IOException e) {
      return away(e);
    }
  }

  private static Checked refused(Denied why) {
    return new Checked(why, 0);
  }

  private Checked away(IOException why) {
    int suppressed = throttle.enter();
    if (suppressed >= 0) {
      LOG.warnf(
          "Tokens cannot be checked, the keys of %s are not to be had: %s", settings.issuer(), why);
    }
    return refused(Denied.UNCHECKED);
  }

  private static @Nullable IOException inputOutput(Throwable thrown) {
    for (Throwable each = thrown; each != null; each = each.getCause()) {
      if (each instanceof IOException io) {
        return io;
      }
    }
    return null;
  }

  private HttpsJwksVerificationKeyResolver keys() throws IOException {
    HttpsJwksVerificationKeyResolver known = keys;
    if (known == null) {
      String place = settings.jwks();
      HttpsJwks published = new HttpsJwks(place == null ? discovered() : place);
      published.setSimpleHttpGet(http);
      published.setDefaultCacheDuration(KEYS_SECONDS);
      published.setRetainCacheOnErrorDuration(KEYS_IN_NEED_SECONDS);
      published.setRefreshReprieveThreshold(BETWEEN_MILLIS);
      known = new HttpsJwksVerificationKeyResolver(published);
      keys = known;
    }
    return known;
  }

  private String discovered() throws IOException {
    String issuer = settings.issuer();
    String base = issuer.endsWith("/") ? issuer.substring(0, issuer.length() - 1) : issuer;
    JsonNode said = JSON.readTree(http.get(base + DISCOVERY).getBody());
    if (!said.path("issuer").asText().equals(issuer)) {
      throw new IOException("its discovery document is that of another issuer");
    }
    String place = said.path("jwks_uri").asText();
    try {
      JwtSettings.safe("jwks_uri", place);
    } catch (IllegalArgumentException e) {
      throw new IOException(e.getMessage(), e);
    }
    return place;
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
