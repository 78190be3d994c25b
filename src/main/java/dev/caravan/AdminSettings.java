package dev.caravan;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.util.List;
import java.util.Optional;

/** Who may use the management port; each is explained in {@code application.properties}. */
@ConfigMapping(prefix = "caravan.admin")
public interface AdminSettings {

  /** Whether whoever is on this machine is an operator, without credentials. */
  @WithDefault("false")
  boolean openOnLoopback();

  /** Whether {@code /q/metrics} is for everybody. */
  @WithDefault("true")
  boolean openMetrics();

  Auth auth();

  /** The ways in that are Caravan's own. */
  interface Auth {
    /** API tokens: {@code NAME ROLE sha256:HEX}. */
    Optional<List<String>> tokens();

    /** A file with one such line for each. */
    Optional<String> tokensFile();
  }
}
