package dev.caravan.admin.access;

import io.quarkus.security.identity.SecurityIdentity;
import io.quarkus.vertx.http.runtime.security.HttpSecurityPolicy;
import io.smallrye.mutiny.Uni;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.net.HostAndPort;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The outer of two locks of the management port: whatever is not open to everybody is for those who
 * have a role. The inner one is what each resource says of itself, so that a path that is read in
 * two ways opens nothing.
 *
 * <p>Open are health, metrics unless it is set otherwise, and reading what is neither below {@code
 * /admin} nor below {@code /q}: the files of the dashboard, which hold nothing. A path that is not
 * plain is never open.
 */
@ApplicationScoped
public class ManagementPolicy implements HttpSecurityPolicy {
  private static final Set<String> HEALTH =
      Set.of(
          "/q/health", "/q/health/live", "/q/health/ready", "/q/health/started", "/q/health/well");
  private static final String METRICS = "/q/metrics";

  /** Segments that begin with a letter or a digit: neither empty, nor dots, nor escaped. */
  private static final Pattern PLAIN = Pattern.compile("/|(/@?\\w[\\w.@-]*)+/?");

  /** In any case, for whoever reads paths so. */
  private static final Pattern CLOSED =
      Pattern.compile("/(admin|q)(/.*)?", Pattern.CASE_INSENSITIVE);

  private final AccessSettings settings;

  @Inject
  public ManagementPolicy(AccessSettings settings) {
    this.settings = settings;
  }

  @Override
  public Uni<CheckResult> checkPermission(
      RoutingContext context,
      Uni<SecurityIdentity> identity,
      AuthorizationRequestContext authorization) {
    HttpServerRequest request = context.request();
    if (isOpen(request.method(), request.path())) {
      return CheckResult.permit();
    }
    return identity.flatMap(
        who ->
            (who.hasRole(Roles.VIEWER) || who.hasRole(Roles.OPERATOR)) && isOwn(who, request)
                ? CheckResult.permit()
                : CheckResult.deny());
  }

  /** Whether that is for everybody. */
  boolean isOpen(HttpMethod method, @Nullable String path) {
    if (path == null || !(method.equals(HttpMethod.GET) || method.equals(HttpMethod.HEAD))) {
      return false;
    }
    return HEALTH.contains(path)
        || (settings.openMetrics() && path.equals(METRICS))
        || (PLAIN.matcher(path).matches() && !CLOSED.matcher(path).matches());
  }

  /**
   * Whether no page of somebody else's makes a browser send it: a certificate goes with every
   * request of a browser, whoever has asked for it.
   */
  private static boolean isOwn(SecurityIdentity who, HttpServerRequest request) {
    HostAndPort host = request.authority();
    return !Caller.how(who).equals(Caller.CERTIFICATE)
        || (host != null
            && Loopback.isOrigin(request.headers().getAll("origin"), request.scheme(), host));
  }
}
