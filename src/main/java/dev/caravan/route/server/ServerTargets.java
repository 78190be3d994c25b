package dev.caravan.route.server;

import dev.caravan.route.parameter.ModelParameters;
import dev.caravan.upstream.Target;
import dev.caravan.upstream.TlsClients;
import org.jspecify.annotations.Nullable;

/** Makes the ways to servers of what is said of them. */
record ServerTargets(TlsClients tls) {

  /**
   * The way to a server.
   *
   * @param before the server as it was; null where it is new
   */
  Target of(ModelParameters parameters, Servers.@Nullable Server before) {
    Target target =
        new Target(
            parameters.spec(),
            parameters.timeouts(),
            parameters.keepAliveMillis(),
            tls.of(parameters.spec().url(), parameters.tls(), parameters.trustCertificates()),
            parameters.as() != null ? parameters.as() : parameters.spec().url());
    String pool = before == null ? null : before.target().servedAs();
    if (pool != null) {
      target.servedAs(pool);
    }
    return target;
  }

  /** Another way takes the place of that to a server. */
  static void retire(Servers.@Nullable Server before) {
    if (before != null) {
      before.target().retire();
    }
  }
}
