package dev.caravan.admin;

import dev.caravan.admin.access.Caller;
import io.quarkus.security.identity.SecurityIdentity;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.net.SocketAddress;
import jakarta.enterprise.context.RequestScoped;
import jakarta.inject.Inject;

/** Who sends the request that is answered now. */
@RequestScoped
public class Callers {
  private final SecurityIdentity identity;
  private final HttpServerRequest request;

  @Inject
  public Callers(SecurityIdentity identity, HttpServerRequest request) {
    this.identity = identity;
    this.request = request;
  }

  /** For the audit log. */
  Who who() {
    SocketAddress peer = request.remoteAddress();
    return new Who(
        Caller.name(identity), Caller.how(identity), peer == null ? "" : peer.hostAddress());
  }

  /** For the page. */
  Overview.User user() {
    return new Overview.User(Caller.name(identity), Caller.roles(identity));
  }
}
