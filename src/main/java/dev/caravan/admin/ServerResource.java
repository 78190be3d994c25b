package dev.caravan.admin;

import dev.caravan.admin.access.Roles;
import dev.caravan.fleet.ServerOverride;
import dev.caravan.health.ProbeReport;
import io.smallrye.mutiny.Uni;
import jakarta.annotation.security.RolesAllowed;
import jakarta.inject.Inject;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.PUT;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import java.math.BigDecimal;
import java.util.List;
import java.util.Locale;
import java.util.function.UnaryOperator;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.media.Schema;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jspecify.annotations.Nullable;

/**
 * The model servers, and what operators do to them.
 *
 * <p>What changes something is neither GET nor POST: no page that an operator's browser shows can
 * send such a request to another origin unasked.
 */
@Path("/admin/servers")
@Produces(MediaType.APPLICATION_JSON)
@RolesAllowed({Roles.VIEWER, Roles.OPERATOR})
@Tag(name = "Servers")
public class ServerResource {
  /** What a route may say as well. */
  private static final int MAX_WEIGHT = 256;

  private final Overviews overviews;
  private final FleetOperations operations;
  private final Callers callers;

  @Inject
  public ServerResource(Overviews overviews, FleetOperations operations, Callers callers) {
    this.overviews = overviews;
    this.operations = operations;
    this.callers = callers;
  }

  /** All servers. */
  public record Servers(List<Overview.ServerNow> servers) {}

  /** The weight that a server is to have. */
  public record Weight(
      @Schema(required = true, minimum = "1", maximum = "256", description = "a whole number")
          @Nullable BigDecimal weight) {}

  /**
   * What came of a probe.
   *
   * @param result {@code good}, {@code unanswered}, {@code wrong}, {@code skipped} or {@code
   *     over_budget}
   * @param reason empty where nothing was wrong
   * @param server the server afterwards
   */
  public record Probed(
      String result, String reason, long millis, Overview.@Nullable ServerNow server) {}

  @GET
  @Operation(summary = "All servers, by name")
  public Servers all() {
    return new Servers(overviews.servers());
  }

  @GET
  @Path("/{name}")
  @Operation(summary = "One server")
  public Overview.ServerNow one(@PathParam("name") String name) {
    Overview.ServerNow server = overviews.server(name);
    if (server == null) {
      throw Problem.noServer();
    }
    return server;
  }

  @PUT
  @Path("/{name}/drain")
  @RolesAllowed(Roles.OPERATOR)
  @Operation(summary = "Empty a server: it finishes what it has and gets nothing new")
  public Overview.ServerNow drain(@PathParam("name") String name) {
    return set("drain", name, before -> before.withDrain(true));
  }

  @DELETE
  @Path("/{name}/drain")
  @RolesAllowed(Roles.OPERATOR)
  @Operation(summary = "Give a drained server back to the traffic")
  public Overview.ServerNow restore(@PathParam("name") String name) {
    return set("restore", name, before -> before.withDrain(false));
  }

  @PUT
  @Path("/{name}/eject")
  @RolesAllowed(Roles.OPERATOR)
  @Operation(summary = "Take a server for one that is down")
  public Overview.ServerNow eject(@PathParam("name") String name) {
    return set("eject", name, before -> before.withEject(true));
  }

  @DELETE
  @Path("/{name}/eject")
  @RolesAllowed(Roles.OPERATOR)
  @Operation(summary = "Let an ejected server come back, when it has answered its probes")
  public Overview.ServerNow readmit(@PathParam("name") String name) {
    return set("readmit", name, before -> before.withEject(false));
  }

  @PUT
  @Path("/{name}/weight")
  @Consumes(MediaType.APPLICATION_JSON)
  @RolesAllowed(Roles.OPERATOR)
  @Operation(summary = "Give a server another weight than its route does")
  public Overview.ServerNow weight(@PathParam("name") String name, @Nullable Weight body) {
    int weight = whole(body);
    return set("weight", name, before -> before.withWeight(weight));
  }

  private static int whole(@Nullable Weight body) {
    BigDecimal weight = body == null ? null : body.weight();
    if (weight == null
        || weight.compareTo(BigDecimal.ONE) < 0
        || weight.compareTo(BigDecimal.valueOf(MAX_WEIGHT)) > 0
        || weight.stripTrailingZeros().scale() > 0) {
      throw new Problem(400, "weight: it must be a whole number from 1 to " + MAX_WEIGHT);
    }
    return weight.intValue();
  }

  @DELETE
  @Path("/{name}/weight")
  @RolesAllowed(Roles.OPERATOR)
  @Operation(summary = "Give a server the weight of its route again")
  public Overview.ServerNow routeWeight(@PathParam("name") String name) {
    return set("weight", name, before -> before.withWeight(null));
  }

  @PUT
  @Path("/{name}/probe")
  @RolesAllowed(Roles.OPERATOR)
  @Operation(summary = "Send a server its prompt probe now, and say what came of it")
  public Uni<Probed> probe(@PathParam("name") String name) {
    Who who = callers.who();
    return Uni.createFrom()
        .<ProbeReport>emitter(told -> operations.probe(who, name, told::complete))
        .map(
            report ->
                new Probed(
                    report.result().name().toLowerCase(Locale.ROOT),
                    report.reason(),
                    report.millis(),
                    overviews.server(name)));
  }

  private Overview.ServerNow set(String what, String name, UnaryOperator<ServerOverride> change) {
    operations.set(callers.who(), what, name, change);
    return one(name);
  }
}
