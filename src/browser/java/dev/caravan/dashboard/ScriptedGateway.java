package dev.caravan.dashboard;

import io.vertx.core.Vertx;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * A management port that serves the page as the gateway does, with the headers of
 * application.properties, and answers the admin API by a script.
 */
final class ScriptedGateway implements AutoCloseable {
  /** What the page changed, or tried to. */
  record Change(String method, String path, String body, @Nullable String authorization) {}

  private final Vertx vertx = Vertx.vertx();
  private final HttpServer server;
  private final ServedPage page = new ServedPage();
  private final Map<HttpServerResponse, String> users = new ConcurrentHashMap<>();
  private final Set<HttpServerResponse> streams = ConcurrentHashMap.newKeySet();
  private final List<Change> changes = new CopyOnWriteArrayList<>();
  private final AtomicInteger tick = new AtomicInteger();
  private volatile IntFunction<JsonObject> scene;
  private volatile boolean moving;
  private volatile boolean down;
  private volatile boolean silent;
  private volatile boolean locked;
  private volatile boolean refusing;
  private volatile @Nullable List<String> roles;

  ScriptedGateway(IntFunction<JsonObject> scene) {
    this.scene = scene;
    server =
        vertx
            .createHttpServer()
            .requestHandler(this::answer)
            .listen(0, "127.0.0.1")
            .toCompletionStage()
            .toCompletableFuture()
            .join();
    vertx.setPeriodic(1_000, id -> send());
  }

  String url() {
    return "http://127.0.0.1:" + server.actualPort() + "/";
  }

  /** Shows another scene from the next event on, which is sent at once. */
  void show(IntFunction<JsonObject> next) {
    scene = next;
    send();
  }

  /** Whether numbers move with each event. */
  void moving(boolean yes) {
    moving = yes;
  }

  /** Breaks the streams, and answers everything below /admin with 503. */
  void down(boolean yes) {
    down = yes;
    if (yes) {
      streams.forEach(HttpServerResponse::reset);
      streams.clear();
    }
  }

  /** Keeps the streams open and sends nothing. */
  void silent(boolean yes) {
    silent = yes;
  }

  /** Wants a token from now on: "viewer", "operator" or "nobody", each with that role. */
  void locked() {
    locked = true;
  }

  /** Refuses every change with 403 from now on, whatever the roles say. */
  void refusing() {
    refusing = true;
  }

  /** The roles that the overview tells of where no token is asked for. */
  void roles(String... names) {
    roles = List.of(names);
  }

  List<Change> changes() {
    return changes;
  }

  int streams() {
    return streams.size();
  }

  /** Sends the next event now. */
  void send() {
    if (moving) {
      tick.incrementAndGet();
    }
    if (silent) {
      return;
    }
    streams.forEach(each -> each.write("event: overview\ndata: " + overview(each) + "\n\n"));
  }

  private String overview(HttpServerResponse to) {
    return overview(users.get(to));
  }

  private String overview(@Nullable String user) {
    JsonObject overview = scene.apply(tick.get());
    List<String> has = user != null ? List.of(user) : roles;
    if (has != null) {
      overview.put(
          "user",
          new JsonObject().put("name", "ana").put("roles", new JsonArray(new ArrayList<>(has))));
    }
    return overview.encode();
  }

  private void answer(HttpServerRequest request) {
    String path = request.path();
    if (path.startsWith("/admin/")) {
      admin(request, path);
    } else {
      page.answer(request, path.equals("/") ? "/index.html" : path);
    }
  }

  private void admin(HttpServerRequest request, String path) {
    if (down) {
      problem(request, 503, "The gateway stops", "");
      return;
    }
    String authorization = request.getHeader("authorization");
    String role = authorization == null ? null : authorization.replace("Bearer ", "");
    if (locked && (role == null || !Set.of("viewer", "operator", "nobody").contains(role))) {
      problem(request, 401, "Who are you?", "");
    } else if (locked && "nobody".equals(role)) {
      problem(request, 403, "Forbidden", "");
    } else if (!request.method().equals(HttpMethod.GET)) {
      request.bodyHandler(
          body -> {
            changes.add(new Change(request.method().name(), path, body.toString(), authorization));
            if (refusing || "viewer".equals(role)) {
              problem(request, 403, "Forbidden", "needs the role operator");
            } else {
              json(request, new JsonObject().put("name", path));
            }
          });
    } else if (path.equals("/admin/overview")) {
      request
          .response()
          .putHeader("content-type", "application/json")
          .end(overview(locked ? role : null));
    } else if (path.equals("/admin/overview/stream")) {
      stream(request.response(), locked ? role : null);
    } else if (path.equals("/admin/history")) {
      json(
          request,
          Recordings.history(
              URLDecoder.decode(String.valueOf(request.query()), StandardCharsets.UTF_8)));
    } else if (path.equals("/admin/routes/source")) {
      request.response().putHeader("content-type", "text/yaml").end(Recordings.source());
    } else {
      problem(request, 404, "Not found", path);
    }
  }

  private void stream(HttpServerResponse response, @Nullable String user) {
    response.setChunked(true).putHeader("content-type", "text/event-stream");
    if (user != null) {
      users.put(response, user);
    }
    response.write(": here\n\n");
    streams.add(response);
    response.closeHandler(closed -> streams.remove(response));
    response.exceptionHandler(broken -> streams.remove(response));
  }

  private static void json(HttpServerRequest request, JsonObject body) {
    request.response().putHeader("content-type", "application/json").end(body.encode());
  }

  private static void problem(HttpServerRequest request, int status, String title, String detail) {
    request
        .response()
        .setStatusCode(status)
        .putHeader("content-type", "application/problem+json")
        .end(
            new JsonObject()
                .put("title", title)
                .put("status", status)
                .put("detail", detail)
                .encode());
  }

  /** Where the page is, for a request's check. */
  boolean serves(String url) {
    return URI.create(url).getAuthority().equals("127.0.0.1:" + server.actualPort());
  }

  @Override
  public void close() {
    vertx.close().toCompletionStage().toCompletableFuture().join();
  }
}
