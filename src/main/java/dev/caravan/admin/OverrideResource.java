package dev.caravan.admin;

import dev.caravan.admin.access.Roles;
import dev.caravan.fleet.Fleet;
import dev.caravan.fleet.Overrides;
import dev.caravan.fleet.ServerOverride;
import jakarta.annotation.security.RolesAllowed;
import jakarta.inject.Inject;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import java.util.List;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jspecify.annotations.Nullable;

/** All that operators have set over what the routes say, so that nobody is surprised by it. */
@Path("/admin/overrides")
@Produces(MediaType.APPLICATION_JSON)
@RolesAllowed({Roles.VIEWER, Roles.OPERATOR})
@Tag(name = "Servers")
public class OverrideResource {
  private final Overrides overrides;
  private final Fleet fleet;
  private final FleetOperations operations;
  private final Callers callers;

  @Inject
  public OverrideResource(
      Overrides overrides, Fleet fleet, FleetOperations operations, Callers callers) {
    this.overrides = overrides;
    this.fleet = fleet;
    this.operations = operations;
    this.callers = callers;
  }

  /** All of them. */
  public record Set(List<One> overrides) {}

  /**
   * What is set of one server.
   *
   * @param present whether the routes name that server now
   * @param weight null for the route's
   * @param by who set it last
   * @param at when, in milliseconds since 1970
   */
  public record One(
      String server,
      boolean present,
      boolean drain,
      boolean eject,
      @Nullable Integer weight,
      String by,
      long at) {}

  @GET
  @Operation(
      summary = "All that operators have set, by server",
      description =
          "It holds until it is taken back, or the process ends; a reload changes nothing.")
  public Set all() {
    return new Set(
        overrides.all().entrySet().stream()
            .map(each -> one(each.getKey(), each.getValue()))
            .toList());
  }

  private One one(String server, ServerOverride set) {
    return new One(
        server,
        fleet.find(server) != null,
        set.drain(),
        set.eject(),
        set.weight(),
        set.by(),
        set.atMillis());
  }

  @DELETE
  @RolesAllowed(Roles.OPERATOR)
  @Operation(summary = "Take all of it back: everything is as the routes say")
  public Set clear() {
    operations.clear(callers.who());
    return all();
  }
}
