package dev.caravan.admin;

import dev.caravan.admin.access.Caller;
import dev.caravan.time.LogThrottle;
import dev.caravan.time.Ticker;
import io.quarkus.vertx.http.runtime.filters.Filters;
import io.quarkus.vertx.http.runtime.security.QuarkusHttpUser;
import io.vertx.core.net.SocketAddress;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Inject;
import java.util.concurrent.TimeUnit;

/** Writes down who was not let: every answer of 401 or 403, whoever gave it. */
@ApplicationScoped
public class RefusalWatch {
  /** Before those who say who somebody is, and what they may do. */
  private static final int FIRST = 10_000;

  /** Somebody who tries all day must not fill the disk. */
  private static final long EVERY_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

  /** Longer paths are cut in the log. */
  private static final int MAX_PATH = 200;

  private final AuditLog audit;
  private final LogThrottle throttle;

  @Inject
  public RefusalWatch(AuditLog audit, Ticker ticker) {
    this.audit = audit;
    throttle = new LogThrottle(ticker, EVERY_NANOS);
  }

  void register(@Observes Filters filters) {
    filters.register(this::watch, FIRST);
  }

  private void watch(RoutingContext context) {
    context.addEndHandler(done -> ended(context));
    context.next();
  }

  private void ended(RoutingContext context) {
    int status = context.response().getStatusCode();
    if (status != 401 && status != 403) {
      return;
    }
    int others = throttle.enter();
    if (others < 0) {
      return;
    }
    SocketAddress peer = context.request().remoteAddress();
    String from = peer == null ? "" : peer.hostAddress();
    Who who =
        context.user() instanceof QuarkusHttpUser user
            ? new Who(
                Caller.name(user.getSecurityIdentity()),
                Caller.how(user.getSecurityIdentity()),
                from)
            : new Who("", "none", from);
    String path = String.valueOf(context.request().path());
    audit.refused(
        who,
        context.request().method().name(),
        path.length() > MAX_PATH ? path.substring(0, MAX_PATH) + "…" : path,
        status,
        others);
  }
}
