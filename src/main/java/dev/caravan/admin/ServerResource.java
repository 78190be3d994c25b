package dev.caravan.admin;

import dev.caravan.health.FleetHealth;
import dev.caravan.health.FleetHealth.Standing;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Inject;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * The model servers on the management port: {@code GET /admin/servers}, {@code GET
 * /admin/servers/NAME}, and {@code PUT} or {@code DELETE /admin/servers/NAME/drain}.
 *
 * <p>What changes something is neither GET nor POST: no page that an operator's browser shows can
 * send such a request to another origin unasked.
 */
@ApplicationScoped
public class ServerResource {
  private static final Logger LOG = Logger.getLogger(ServerResource.class);

  private final FleetHealth health;

  @Inject
  public ServerResource(FleetHealth health) {
    this.health = health;
  }

  void routes(@Observes Router router) {
    router.get("/admin/servers").handler(this::all);
    router.get("/admin/servers/:name").handler(this::one);
    router.put("/admin/servers/:name/drain").handler(context -> drain(context, true));
    router.delete("/admin/servers/:name/drain").handler(context -> drain(context, false));
  }

  private void all(RoutingContext context) {
    JsonArray servers = new JsonArray();
    health.standings().forEach(standing -> servers.add(json(standing)));
    answer(context, 200, new JsonObject().put("servers", servers));
  }

  private void one(RoutingContext context) {
    answer(context, health.standing(context.pathParam("name")));
  }

  private void drain(RoutingContext context, boolean wanted) {
    String name = context.pathParam("name");
    if (health.drain(name, wanted)) {
      LOG.infof(
          "%s %s by %s",
          name,
          wanted ? "is to be drained, asked" : "is to have traffic again, asked",
          context.request().remoteAddress().hostAddress());
    }
    answer(context, health.standing(name));
  }

  private static void answer(RoutingContext context, @Nullable Standing standing) {
    if (standing == null) {
      answer(context, 404, new JsonObject().put("error", "no model: server of that name"));
    } else {
      answer(context, 200, json(standing));
    }
  }

  private static void answer(RoutingContext context, int status, JsonObject body) {
    context
        .response()
        .setStatusCode(status)
        .putHeader("content-type", "application/json")
        .putHeader("cache-control", "no-store")
        .end(body.toBuffer());
  }

  private static JsonObject json(Standing standing) {
    return new JsonObject()
        .put("server", standing.server())
        .put("state", standing.state().label())
        .put("reason", standing.reason())
        .put("since_seconds", standing.sinceMillis() / 1e3)
        .put("inflight", standing.inflight())
        .put("share", Math.round(standing.share() * 1e3) / 1e3)
        .put("drained", standing.drained());
  }
}
