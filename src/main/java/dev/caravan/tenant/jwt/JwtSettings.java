package dev.caravan.tenant.jwt;

import dev.caravan.tenant.Client;
import java.net.URI;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Whose tokens count, and what their claims mean. Immutable.
 *
 * @param issuer what {@code iss} must be
 * @param audience of which {@code aud} must have one; not empty
 * @param jwks where the issuer's keys are; null to ask its discovery document
 * @param tenantClaim the claim with the tenant's name
 * @param poolsClaim the claim with the names of pools, a list or one text with spaces
 * @param priorityClaim the claim with the most urgent class
 * @param quotaClaim the claim with limits, an object as in the file of clients
 * @param leewaySeconds by how much clocks may differ
 */
public record JwtSettings(
    String issuer,
    List<String> audience,
    @Nullable String jwks,
    String tenantClaim,
    String poolsClaim,
    String priorityClaim,
    String quotaClaim,
    int leewaySeconds) {
  private static final Set<String> HERE = Set.of("127.0.0.1", "localhost", "[::1]");

  /**
   * Checks them.
   *
   * @throws IllegalArgumentException with what is wrong
   */
  public JwtSettings {
    audience = List.copyOf(audience);
    if (audience.isEmpty()) {
      throw new IllegalArgumentException(
          "audience is missing: a token for another application would do without it");
    }
    safe("issuer", issuer);
    if (jwks != null) {
      safe("jwks", jwks);
    }
    if (leewaySeconds < 0 || leewaySeconds > 600) {
      throw new IllegalArgumentException("leeway must be from 0s to 10m");
    }
  }

  /** Keys that somebody else could put there are none. */
  static void safe(String what, String url) {
    URI uri;
    try {
      uri = URI.create(url);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(what + " is not a URL", e);
    }
    boolean plain = "http".equals(uri.getScheme()) && HERE.contains(String.valueOf(uri.getHost()));
    if (uri.getHost() == null || !("https".equals(uri.getScheme()) || plain)) {
      throw new IllegalArgumentException(
          what + " must be an https URL, or http on this very machine");
    }
  }

  /** What the operator says of a tenant beside its token. */
  @FunctionalInterface
  public interface Tenants {
    /** The tenant of that name; null where nothing is said of it. */
    @Nullable Client find(String name);
  }
}
