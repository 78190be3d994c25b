package dev.caravan.admin;

import dev.caravan.request.Api;
import dev.caravan.request.InvalidRequest;
import dev.caravan.select.DryRun;
import dev.caravan.select.DryRun.Foretold;
import dev.caravan.select.Explanations;
import dev.caravan.select.Explanations.Kept;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.BodyHandler;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Inject;
import java.util.Arrays;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Why requests go where they go, on the management port: {@code GET /admin/explain/REQUEST-ID} for
 * one that was to be explained, {@code GET /admin/explain?pool=NAME} and {@code POST
 * /admin/explain?path=PATH} for one that is not sent. None of them changes anything.
 */
@ApplicationScoped
public class ExplainResource {
  private static final String PATH = "/admin/explain";

  private final Explanations explanations;
  private final DryRun dryRun;

  @Inject
  public ExplainResource(Explanations explanations, DryRun dryRun) {
    this.explanations = explanations;
    this.dryRun = dryRun;
  }

  void routes(@Observes Router router) {
    router.get(PATH).handler(this::pool);
    router.get(PATH + "/:id").handler(this::kept);
    router
        .post(PATH)
        .handler(BodyHandler.create(false).setBodyLimit(dryRun.maxBody()))
        .handler(this::request)
        .failureHandler(this::failed);
  }

  private void kept(RoutingContext context) {
    Kept kept = explanations.find(context.pathParam("id"));
    if (kept == null) {
      refuse(
          context,
          404,
          "no request of that id is among the last "
              + Explanations.REQUESTS
              + " that were to be explained");
    } else {
      answer(context, 200, ExplanationJson.of(kept));
    }
  }

  private void pool(RoutingContext context) {
    String pool = context.request().getParam("pool");
    if (pool == null || pool.isEmpty()) {
      refuse(context, 400, "say which pool: " + PATH + "?pool=NAME");
    } else {
      foretold(context, dryRun.emptyChat(pool), pool);
    }
  }

  private void request(RoutingContext context) {
    String path = context.request().getParam("path", Api.CHAT_COMPLETIONS.path());
    Api api = api(path);
    if (api == null) {
      refuse(
          context,
          400,
          "path: \""
              + path
              + "\" is none of "
              + Arrays.stream(Api.values()).map(Api::path).collect(Collectors.joining(", ")));
      return;
    }
    Buffer body = context.body().buffer();
    try {
      foretold(
          context,
          dryRun.request(
              api,
              context.request().headers().entries(),
              body == null ? new byte[0] : body.getBytes(),
              context.request().remoteAddress().hostAddress()),
          "the request's model");
    } catch (InvalidRequest e) {
      refuse(context, e.status(), e.getMessage());
    }
  }

  private static @Nullable Api api(String path) {
    for (Api api : Api.values()) {
      if (api.path().equals(path)) {
        return api;
      }
    }
    return null;
  }

  private static void foretold(RoutingContext context, @Nullable Foretold told, String model) {
    if (told == null) {
      refuse(context, 404, "no pool serves " + model);
    } else {
      answer(context, 200, ExplanationJson.of(told));
    }
  }

  private void failed(RoutingContext context) {
    if (context.statusCode() == 413) {
      refuse(context, 413, "the body is larger than " + dryRun.maxBody() + " bytes");
    } else {
      context.next();
    }
  }

  private static void refuse(RoutingContext context, int status, String why) {
    answer(context, status, new JsonObject().put("error", why));
  }

  private static void answer(RoutingContext context, int status, JsonObject body) {
    context
        .response()
        .setStatusCode(status)
        .putHeader("content-type", "application/json")
        .putHeader("cache-control", "no-store")
        .end(body.encodePrettily() + "\n");
  }
}
