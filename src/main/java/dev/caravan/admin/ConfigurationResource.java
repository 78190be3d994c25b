package dev.caravan.admin;

import dev.caravan.admin.access.Roles;
import jakarta.annotation.security.RolesAllowed;
import jakarta.inject.Inject;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import java.util.List;
import org.eclipse.microprofile.config.Config;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jspecify.annotations.Nullable;

/** The settings that are in force, and where they come from. */
@Path("/admin/configuration")
@Produces(MediaType.APPLICATION_JSON)
@RolesAllowed({Roles.VIEWER, Roles.OPERATOR})
@Tag(name = "Configuration")
public class ConfigurationResource {
  private final Config config;

  @Inject
  public ConfigurationResource(Config config) {
    this.config = config;
  }

  /** All of them. */
  public record Settings(List<Setting> settings) {}

  /**
   * One setting.
   *
   * @param value {@code ***} where it is a secret; null where it is empty
   * @param source where it was set
   */
  public record Setting(String name, @Nullable String value, String source) {}

  @GET
  @Operation(summary = "All caravan. and quarkus. settings in force, secrets hidden")
  public Settings all() {
    return new Settings(SettingsInForce.of(config));
  }
}
