package dev.caravan;

import io.smallrye.config.WithDefault;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** Who may ask for inference. */
public interface ClientSettings {

  /** The file of tenants and API keys. */
  Optional<String> file();

  Jwt jwt();

  /** Tokens of an OIDC provider. */
  interface Jwt {
    Optional<String> issuer();

    Optional<List<String>> audience();

    /** Where the issuer's keys are; when not set, its discovery document says. */
    Optional<String> jwks();

    @WithDefault("tenant")
    String tenantClaim();

    @WithDefault("pools")
    String poolsClaim();

    @WithDefault("priority")
    String priorityClaim();

    @WithDefault("quota")
    String quotaClaim();

    @WithDefault("30s")
    Duration leeway();
  }
}
