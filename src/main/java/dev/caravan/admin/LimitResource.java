package dev.caravan.admin;

import dev.caravan.admin.access.Roles;
import jakarta.annotation.security.RolesAllowed;
import jakarta.inject.Inject;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import java.util.List;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jspecify.annotations.Nullable;

/** What tenants and pools have used of their limits. */
@Path("/admin/limits")
@RolesAllowed({Roles.VIEWER, Roles.OPERATOR})
@Tag(name = "Limits")
public class LimitResource {
  private final LimitsInUse limits;

  @Inject
  public LimitResource(LimitsInUse limits) {
    this.limits = limits;
  }

  /** All that something is used of; whoever is not there has used nothing. */
  public record Limits(List<Use> limits) {}

  /**
   * One tenant, pool, or tenant in a pool.
   *
   * @param scope {@code tenant}, {@code pool} or {@code tenant_pool}
   * @param name of a tenant in a pool both, as {@code acme:llama}
   * @param tokens what its requests have cost since it was first seen
   * @param limits what it may use, by kind; without those that it has not
   */
  public record Use(String scope, String name, long tokens, List<Of> limits) {}

  /**
   * One limit.
   *
   * @param limit {@code requests} and {@code tokens} are of a minute, {@code budget} is tokens of a
   *     month
   * @param used with what is reserved
   * @param resetsInSeconds when all of it is there again, if nobody uses it; null where that
   *     depends on those that run
   * @param refused requests that were refused for it
   */
  public record Of(
      String limit,
      long most,
      long used,
      long remaining,
      @Nullable Double resetsInSeconds,
      long refused) {}

  @GET
  @Produces(MediaType.APPLICATION_JSON)
  @Operation(summary = "What tenants and pools have used of their limits, and when it comes back")
  public Limits all() {
    return new Limits(limits.all());
  }
}
