package dev.caravan.simulator;

import dev.caravan.simulator.OpenAiRequest.Operation;
import io.vertx.core.Handler;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import java.util.List;
import java.util.Map;
import java.util.function.ToLongFunction;

/** The paths of a simulated server: vLLM's, and its own for faults. For the server's event loop. */
final class ServerPaths implements Handler<HttpServerRequest> {
  private static final String FAULT = "/simulator/fault";

  private final SimulatedServer server;
  private final ServerCore core;
  private final ToLongFunction<HttpConnection> connectionId;

  ServerPaths(
      SimulatedServer server, ServerCore core, ToLongFunction<HttpConnection> connectionId) {
    this.server = server;
    this.core = core;
    this.connectionId = connectionId;
  }

  @Override
  public void handle(HttpServerRequest http) {
    http.response().putHeader("x-simulated-server", core.name);
    // A client that leaves within its body has no request to answer.
    http.body().onSuccess(body -> received(http, body));
  }

  private void received(HttpServerRequest http, Buffer body) {
    List<Map.Entry<String, String>> headers = http.headers().entries();
    ReceivedRequest received =
        new ReceivedRequest(
            http.method().name(),
            http.uri(),
            headers,
            body.getBytes(),
            connectionId.applyAsLong(http.connection()),
            core.ticker.nanos());
    core.log.add(received);
    String path = String.valueOf(http.path());
    switch (path) {
      case "/v1/chat/completions" -> infer(Operation.CHAT, http, body, received);
      case "/v1/completions" -> infer(Operation.COMPLETION, http, body, received);
      case "/v1/embeddings" -> infer(Operation.EMBEDDING, http, body, received);
      case FAULT -> fault(http, body);
      default -> read(path, http);
    }
  }

  private void infer(
      Operation operation, HttpServerRequest http, Buffer body, ReceivedRequest received) {
    if (!http.method().equals(HttpMethod.POST)) {
      error(http, 405, "Method Not Allowed");
      return;
    }
    new Exchange(core, http, received).begin(operation, body);
  }

  private void read(String path, HttpServerRequest http) {
    if (unhealthy(path, http)) {
      return;
    }
    String json =
        switch (path) {
          case "/v1/models" ->
              OpenAiWire.models(core.models, core.createdSeconds(), core.maxModelTokens);
          case "/load" -> "{\"server_load\":" + core.log.running.get() + "}";
          case "/version" -> "{\"version\":\"caravan-simulator\"}";
          case "/health", "/ping" -> "";
          case "/metrics" -> core.dialect == Dialect.NONE ? null : "";
          default -> null;
        };
    if (json == null) {
      error(http, 404, "Not Found");
    } else if (!http.method().equals(HttpMethod.GET)) {
      error(http, 405, "Method Not Allowed");
    } else if (path.equals("/metrics")) {
      http.response().putHeader("content-type", "text/plain; version=0.0.4; charset=utf-8");
      http.response().end(core.dialect.text(core.metrics, core.engine.engine(), core.stuck));
    } else if (json.isEmpty()) {
      http.response().end();
    } else {
      json(http, 200, json);
    }
  }

  /** Whether a fault answers this path, or lets it wait. */
  private boolean unhealthy(String path, HttpServerRequest http) {
    ArmedFault armed = core.faults.armed();
    if (armed == null
        || !(armed.fault() instanceof Fault.Unhealthy unhealthy)
        || !(path.equals("/health") || path.equals("/ping"))) {
      return false;
    }
    if (unhealthy.status() != Fault.Unhealthy.SILENT) {
      http.response().setStatusCode(unhealthy.status()).end();
    }
    return true;
  }

  private void fault(HttpServerRequest http, Buffer body) {
    String method = http.method().name();
    switch (method) {
      case "GET" -> json(http, 200, FaultJson.write(server.armed()));
      case "DELETE" ->
          server.disarm().onComplete(healed -> json(http, 200, FaultJson.write(server.armed())));
      case "POST" -> arm(http, body);
      default -> error(http, 405, "Method Not Allowed");
    }
  }

  private void arm(HttpServerRequest http, Buffer body) {
    ArmedFault armed;
    try {
      armed = FaultJson.read(body);
    } catch (IllegalArgumentException e) {
      String message = String.valueOf(e.getMessage());
      json(http, 400, OpenAiWire.error(400, "BadRequestError", message, null));
      return;
    }
    if (armed.fault() instanceof Fault.Refuse) {
      // The answer goes first: this connection will be closed as well.
      http.response().putHeader("content-type", "application/json");
      http.response().end(FaultJson.write(armed)).onComplete(sent -> server.arm(armed));
    } else {
      server.arm(armed).onComplete(done -> json(http, 200, FaultJson.write(armed)));
    }
  }

  private static void json(HttpServerRequest http, int status, String json) {
    http.response().setStatusCode(status).putHeader("content-type", "application/json").end(json);
  }

  /** What FastAPI answers by itself, in vLLM's words. */
  private static void error(HttpServerRequest http, int status, String phrase) {
    json(http, status, OpenAiWire.error(status, phrase, phrase, null));
  }
}
