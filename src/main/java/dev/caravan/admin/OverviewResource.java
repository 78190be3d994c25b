package dev.caravan.admin;

import dev.caravan.admin.access.Caller;
import dev.caravan.admin.access.Roles;
import dev.caravan.time.WallClock;
import io.quarkus.security.identity.SecurityIdentity;
import io.smallrye.mutiny.Multi;
import jakarta.annotation.security.RolesAllowed;
import jakarta.inject.Inject;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.sse.OutboundSseEvent;
import jakarta.ws.rs.sse.Sse;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.responses.APIResponseSchema;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jspecify.annotations.Nullable;

/** All of the gateway at a glance: now, once a second, and over the last half hour. */
@Path("/admin")
@RolesAllowed({Roles.VIEWER, Roles.OPERATOR})
@Tag(name = "Overview")
public class OverviewResource {
  private final Overviews overviews;
  private final OverviewStream stream;
  private final Sampler sampler;
  private final WallClock clock;
  private final SecurityIdentity caller;
  private final Callers callers;

  @Inject
  public OverviewResource(
      Overviews overviews,
      OverviewStream stream,
      Sampler sampler,
      WallClock clock,
      SecurityIdentity caller,
      Callers callers) {
    this.overviews = overviews;
    this.stream = stream;
    this.sampler = sampler;
    this.clock = clock;
    this.caller = caller;
    this.callers = callers;
  }

  @GET
  @Path("/overview")
  @Produces(MediaType.APPLICATION_JSON)
  @Operation(summary = "All of the gateway as it is now")
  @APIResponseSchema(Overview.class)
  public String now() {
    return Overviews.with(callers.user(), overviews.json());
  }

  @GET
  @Path("/overview/stream")
  @Produces(MediaType.SERVER_SENT_EVENTS)
  @Operation(
      summary = "All of the gateway once a second",
      description =
          "Events named overview, each with what GET /admin/overview answers. Ends when the token"
              + " of whoever watches does.")
  public Multi<OutboundSseEvent> stream(@Context Sse sse) {
    return stream
        .watch(callers.user(), Caller.mayStay(caller, clock))
        .map(json -> sse.newEventBuilder().name("overview").data(json).build());
  }

  @GET
  @Path("/history")
  @Produces(MediaType.APPLICATION_JSON)
  @Operation(summary = "The last half hour of one server or one pool, in steps of five seconds")
  public History history(
      @QueryParam("server") @Nullable String server, @QueryParam("pool") @Nullable String pool) {
    if ((server == null) == (pool == null)) {
      throw new Problem(400, "say which: ?server=NAME or ?pool=NAME");
    }
    History history =
        server != null ? sampler.serverHistory(server) : sampler.poolHistory(String.valueOf(pool));
    if (history == null) {
      throw server != null ? Problem.noServer() : new Problem(404, "no pool of that name");
    }
    return history;
  }
}
