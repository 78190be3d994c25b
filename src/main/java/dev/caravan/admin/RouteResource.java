package dev.caravan.admin;

import dev.caravan.admin.access.Roles;
import jakarta.annotation.security.RolesAllowed;
import jakarta.inject.Inject;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.MediaType;
import java.util.List;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jspecify.annotations.Nullable;

/** The route files, how they stand, and what they say. */
@Path("/admin/routes")
@RolesAllowed({Roles.VIEWER, Roles.OPERATOR})
@Tag(name = "Routes")
public class RouteResource {
  private final RouteFileList routes;

  @Inject
  public RouteResource(RouteFileList routes) {
    this.routes = routes;
  }

  /** All of them. */
  public record Files(List<RouteFileList.File> files) {}

  @GET
  @Produces(MediaType.APPLICATION_JSON)
  @Operation(summary = "All route files: whether they are in force, and what is wrong if not")
  public Files all() {
    return new Files(routes.files());
  }

  @GET
  @Path("/source")
  @Produces("text/yaml;charset=utf-8")
  @Operation(summary = "What a route file says, by its name in the list")
  public String source(@QueryParam("file") @Nullable String file) {
    String text = file == null ? null : routes.source(file);
    if (text == null) {
      throw new Problem(404, "no route file of that name");
    }
    return text;
  }
}
