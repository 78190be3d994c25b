package dev.caravan;

import dev.caravan.admin.access.ApiTokens;
import dev.caravan.admin.access.Loopback;
import io.quarkus.runtime.configuration.ConfigurationException;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jboss.logging.Logger;

/** Who can use the management API, as it is set: refuses what would be open, says what is shut. */
@ApplicationScoped
public class WaysIn {
  private static final Logger LOG = Logger.getLogger("dev.caravan");

  private final String host;
  private final boolean oidc;
  private final boolean certificates;

  @Inject
  WaysIn(
      @ConfigProperty(name = "quarkus.http.host") String host,
      @ConfigProperty(name = "quarkus.oidc.tenant-enabled", defaultValue = "false") boolean oidc,
      @ConfigProperty(name = "quarkus.http.auth.certificate-role-properties")
          Optional<String> certificateRoles) {
    this.host = host;
    this.oidc = oidc;
    this.certificates = certificateRoles.isPresent();
  }

  /**
   * Looks at all of them.
   *
   * @throws ConfigurationException where the API would be open to others than those of this machine
   */
  void check(boolean openOnLoopback, ApiTokens tokens) {
    if (openOnLoopback && !Loopback.isName(host)) {
      throw new ConfigurationException(
          "caravan.admin.open-on-loopback=true is for a management port that only this machine"
              + " reaches, and quarkus.http.host is "
              + host
              + ": bind it to 127.0.0.1, or set API tokens instead (docs/security.md)");
    }
    List<String> ways = new ArrayList<>();
    if (openOnLoopback) {
      ways.add("everybody on this machine, without credentials");
    }
    if (!tokens.isEmpty()) {
      ways.add("API tokens");
    }
    if (oidc) {
      ways.add("OIDC");
    }
    if (certificates) {
      ways.add("client certificates");
    }
    if (ways.isEmpty()) {
      LOG.warn(
          "Nobody can use the management API: no API tokens, OIDC or client certificates are set"
              + " (docs/security.md)");
    } else if (openOnLoopback) {
      LOG.infof("The management API is open to: %s", String.join(", ", ways));
    }
  }
}
