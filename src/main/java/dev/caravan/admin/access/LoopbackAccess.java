package dev.caravan.admin.access;

import io.quarkus.security.identity.IdentityProviderManager;
import io.quarkus.security.identity.SecurityIdentity;
import io.quarkus.security.identity.request.AuthenticationRequest;
import io.quarkus.vertx.http.runtime.security.ChallengeData;
import io.quarkus.vertx.http.runtime.security.HttpAuthenticationMechanism;
import io.smallrye.mutiny.Uni;
import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.net.HostAndPort;
import io.vertx.core.net.SocketAddress;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Where it is set so, for a demo above all: whoever is on this machine is an operator.
 *
 * <p>A page of somebody else's that is open in a browser here is on this machine too. So the
 * request must name this machine as its host, or a name that somebody lets point here would do;
 * what a browser sends for another origin does not count; and what a proxy passed on comes from
 * elsewhere.
 */
@ApplicationScoped
public class LoopbackAccess implements HttpAuthenticationMechanism {
  private static final Set<String> PROXIED =
      Set.of("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via");

  private final AccessSettings settings;
  private final SecurityIdentity everyone =
      Caller.identity("local", Roles.of(Roles.OPERATOR), "loopback", () -> true);

  @Inject
  public LoopbackAccess(AccessSettings settings) {
    this.settings = settings;
  }

  @Override
  public Uni<SecurityIdentity> authenticate(
      RoutingContext context, IdentityProviderManager identities) {
    HttpServerRequest request = context.request();
    if (settings.openOnLoopback()
        && request.getHeader("authorization") == null
        && isLocal(request)) {
      return Uni.createFrom().item(everyone);
    }
    return Uni.createFrom().nullItem();
  }

  private static boolean isLocal(HttpServerRequest request) {
    SocketAddress peer = request.remoteAddress();
    HostAndPort host = request.authority();
    return peer != null
        && peer.host() != null
        && Loopback.isAddress(peer.hostAddress())
        && host != null
        && Loopback.isName(host.host())
        && PROXIED.stream().noneMatch(request.headers()::contains)
        && fromHere(request.headers(), request.scheme(), host);
  }

  /** Whether no browser says that it sends this for another origin. */
  private static boolean fromHere(MultiMap headers, @Nullable String scheme, HostAndPort host) {
    String site = headers.get("sec-fetch-site");
    if (site != null && !site.equals("same-origin") && !site.equals("none")) {
      return false;
    }
    return Loopback.isOrigin(headers.getAll("origin"), scheme, host);
  }

  @Override
  public Uni<ChallengeData> getChallenge(RoutingContext context) {
    return Uni.createFrom().nullItem();
  }

  @Override
  public Set<Class<? extends AuthenticationRequest>> getCredentialTypes() {
    return Set.of();
  }

  @Override
  public int getPriority() {
    return DEFAULT_PRIORITY - 1; // what somebody shows counts before where they are
  }
}
