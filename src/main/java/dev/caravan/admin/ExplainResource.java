package dev.caravan.admin;

import dev.caravan.admin.access.Roles;
import dev.caravan.request.Api;
import dev.caravan.request.InvalidRequest;
import dev.caravan.select.DryRun;
import dev.caravan.select.DryRun.Foretold;
import dev.caravan.select.Explanations;
import dev.caravan.select.Explanations.Kept;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import jakarta.annotation.security.RolesAllowed;
import jakarta.inject.Inject;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.DefaultValue;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.MediaType;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;
import org.jspecify.annotations.Nullable;

/** Why requests go where they go. None of it changes anything: docs/explain.md. */
@Path("/admin")
@Produces(MediaType.APPLICATION_JSON)
@RolesAllowed({Roles.VIEWER, Roles.OPERATOR})
@Tag(name = "Decisions")
public class ExplainResource {
  private static final String PATH = "/admin/explain";

  private final Explanations explanations;
  private final DryRun dryRun;
  private final HttpServerRequest asked;

  @Inject
  public ExplainResource(Explanations explanations, DryRun dryRun, HttpServerRequest asked) {
    this.explanations = explanations;
    this.dryRun = dryRun;
    this.asked = asked;
  }

  @GET
  @Path("/decisions")
  @Operation(summary = "The last requests that were to be explained, newest first, with why")
  public String decisions(@QueryParam("limit") @DefaultValue("50") int limit) {
    if (limit < 1 || limit > Explanations.REQUESTS) {
      throw new Problem(400, "limit: it must be from 1 to " + Explanations.REQUESTS);
    }
    JsonArray all = new JsonArray();
    explanations.latest().stream().limit(limit).map(ExplanationJson::of).forEach(all::add);
    return new JsonObject().put("decisions", all).encode();
  }

  @GET
  @Path("/explain/{id}")
  @Operation(summary = "Why a request that was to be explained went where it did")
  public String kept(@PathParam("id") String id) {
    Kept kept = explanations.find(id);
    if (kept == null) {
      throw new Problem(
          404,
          "no request of that id is among the last "
              + Explanations.REQUESTS
              + " that were to be explained");
    }
    return text(ExplanationJson.of(kept));
  }

  @GET
  @Path("/explain")
  @Operation(summary = "Where a chat without a word would go now")
  public String pool(@QueryParam("pool") @Nullable String pool) {
    if (pool == null || pool.isEmpty()) {
      throw new Problem(400, "say which pool: " + PATH + "?pool=NAME");
    }
    return foretold(dryRun.emptyChat(pool), pool);
  }

  @POST
  @Path("/explain")
  @Consumes(MediaType.WILDCARD)
  @Operation(summary = "Where the request in the body would go now; it is not sent")
  public String request(@QueryParam("path") @Nullable String path, byte @Nullable [] body) {
    String which = path == null ? Api.CHAT_COMPLETIONS.path() : path;
    Api api = api(which);
    if (api == null) {
      throw new Problem(
          400,
          "path: \""
              + which
              + "\" is none of "
              + Arrays.stream(Api.values()).map(Api::path).collect(Collectors.joining(", ")));
    }
    try {
      return foretold(
          dryRun.request(
              api,
              headers(),
              body == null ? new byte[0] : body,
              asked.remoteAddress().hostAddress()),
          "the request's model");
    } catch (InvalidRequest e) {
      throw new Problem(e.status(), String.valueOf(e.getMessage()));
    }
  }

  /** As the client's, but for what lets its sender in here. */
  private List<Map.Entry<String, String>> headers() {
    return asked.headers().entries().stream()
        .filter(each -> !each.getKey().equalsIgnoreCase("authorization"))
        .toList();
  }

  private static @Nullable Api api(String path) {
    for (Api api : Api.values()) {
      if (api.path().equals(path)) {
        return api;
      }
    }
    return null;
  }

  private static String foretold(@Nullable Foretold told, String model) {
    if (told == null) {
      throw new Problem(404, "no pool serves " + model);
    }
    return text(ExplanationJson.of(told));
  }

  /** For people first. */
  private static String text(JsonObject body) {
    return body.encodePrettily() + "\n";
  }
}
