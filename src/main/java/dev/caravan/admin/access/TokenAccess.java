package dev.caravan.admin.access;

import dev.caravan.tenant.Digest;
import io.quarkus.security.identity.IdentityProviderManager;
import io.quarkus.security.identity.SecurityIdentity;
import io.quarkus.security.identity.request.AuthenticationRequest;
import io.quarkus.vertx.http.runtime.security.ChallengeData;
import io.quarkus.vertx.http.runtime.security.HttpAuthenticationMechanism;
import io.smallrye.mutiny.Uni;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * API tokens: {@code Authorization: Bearer TOKEN}. One that is not known may be somebody else's, an
 * OIDC provider's above all, and is left to the others.
 */
@ApplicationScoped
public class TokenAccess implements HttpAuthenticationMechanism {
  private static final String BEARER = "Bearer ";

  private final ApiTokens tokens;

  @Inject
  public TokenAccess(ApiTokens tokens) {
    this.tokens = tokens;
  }

  @Override
  public Uni<SecurityIdentity> authenticate(
      RoutingContext context, IdentityProviderManager identities) {
    String shown = bearer(context.request().getHeader("authorization"));
    if (shown == null) {
      return Uni.createFrom().nullItem();
    }
    Digest digest = Digest.of(shown);
    ApiTokens.Token token = tokens.find(digest);
    if (token == null) {
      return Uni.createFrom().nullItem();
    }
    String role = token.role();
    return Uni.createFrom()
        .item(
            Caller.identity(
                token.name(),
                Roles.of(role),
                "token",
                () -> {
                  ApiTokens.Token now = tokens.find(digest);
                  return now != null && now.role().equals(role);
                }));
  }

  private static @Nullable String bearer(@Nullable String header) {
    return header != null && header.regionMatches(true, 0, BEARER, 0, BEARER.length())
        ? header.substring(BEARER.length()).strip()
        : null;
  }

  @Override
  public Uni<ChallengeData> getChallenge(RoutingContext context) {
    return Uni.createFrom().item(new ChallengeData(401, "WWW-Authenticate", "Bearer"));
  }

  @Override
  public Set<Class<? extends AuthenticationRequest>> getCredentialTypes() {
    return Set.of();
  }

  @Override
  public int getPriority() {
    // Before OIDC, whose priority is the default's and one, and which calls our tokens bad ones.
    return DEFAULT_PRIORITY + 100;
  }
}
