package dev.caravan.dashboard;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The parts of an overview, all well; scenes change what is not. */
final class OverviewParts {
  private OverviewParts() {}

  static JsonObject overview(
      int tick,
      JsonObject gateway,
      List<JsonObject> ingress,
      List<JsonObject> pools,
      List<JsonObject> servers,
      JsonArray routes,
      JsonArray changes) {
    return new JsonObject()
        .put("at", Scenes.AT + tick * 1_000L)
        .put(
            "user",
            new JsonObject()
                .put("name", "ana")
                .put("roles", new JsonArray().add("viewer").add("operator")))
        .put("gateway", gateway)
        .put("ingress", new JsonArray(ingress))
        .put("pools", new JsonArray(pools))
        .put("servers", new JsonArray(servers))
        .put("limits", limits())
        .put("routes", routes)
        .put("changes", changes);
  }

  /** What accounts have used of their limits. */
  static JsonObject limits(JsonObject... accounts) {
    return new JsonObject()
        .put("accounts", accounts.length)
        .put("nearest", new JsonArray(List.of(accounts)));
  }

  static JsonObject account(String scope, String name, JsonObject... limits) {
    return new JsonObject()
        .put("scope", scope)
        .put("name", name)
        .put("tokens", 81_240)
        .put("limits", new JsonArray(List.of(limits)));
  }

  static JsonObject limit(String limit, long used, long most, long refused) {
    return new JsonObject()
        .put("limit", limit)
        .put("most", most)
        .put("used", used)
        .put("remaining", Math.max(0, most - used))
        .put("resetsInSeconds", limit.equals("concurrent") ? null : 60.0 * used / most)
        .put("refused", refused);
  }

  static JsonObject gateway(double requests, int inflight) {
    return new JsonObject()
        .put("version", "0.1.0")
        .put("uptimeSeconds", 7_980)
        .put("ready", true)
        .put("draining", false)
        .put("requestsPerSecond", requests)
        .put("inflight", inflight)
        .put("connections", inflight + 9)
        .put("errorsPerSecond", 0)
        .put("shedPerSecond", 0)
        .put("loopLagSeconds", 0.001);
  }

  static JsonObject door(String name, double rate, int inflight) {
    return new JsonObject().put("name", name).put("perSecond", rate).put("inflight", inflight);
  }

  static JsonObject pool(
      String name,
      List<String> aliases,
      List<JsonObject> servers,
      double p50,
      double p95,
      @Nullable Double prefix) {
    return new JsonObject()
        .put("name", name)
        .put("aliases", new JsonArray(aliases))
        .put(
            "requestsPerSecond",
            servers.stream().mapToDouble(each -> each.getDouble("requestsPerSecond")).sum())
        .put(
            "tokensPerSecond",
            servers.stream().mapToDouble(each -> each.getDouble("tokensPerSecond")).sum())
        .put("errorsPerSecond", 0)
        .put("retriesPerSecond", 0)
        .put("inflight", servers.stream().mapToInt(each -> each.getInteger("inflight")).sum())
        .put("ttftP50Seconds", p50)
        .put("ttftP95Seconds", p95)
        .put("prefixHitRatio", prefix)
        .put(
            "servers",
            new JsonArray(servers.stream().map(each -> each.getString("name")).toList()));
  }

  static JsonObject server(
      String name,
      String state,
      int inflight,
      @Nullable Integer most,
      double requests,
      double tokens,
      @Nullable Double p50,
      @Nullable Double p95,
      @Nullable Double prefix) {
    return new JsonObject()
        .put("name", name)
        .put("url", "http://10.0.3." + (10 + Math.floorMod(name.hashCode(), 200)) + ":8000")
        .put("pools", new JsonArray().add(name.startsWith("s") ? "llama-3.1-8b" : "llama-3.3-70b"))
        .put("state", state)
        .putNull("reason")
        .put("since", Scenes.AT - 1_000L * (30 + Math.floorMod(name.hashCode(), 9_000)))
        .put("breaker", "closed")
        .put("inflight", inflight)
        .put("maxInflight", most)
        .put("weight", 1.0)
        .put("promptTokens", inflight * 812)
        .put("outputTokens", inflight * 96)
        .put("requestsPerSecond", requests)
        .put("tokensPerSecond", tokens)
        .put("failuresPerSecond", 0)
        .put("ttftP50Seconds", p50)
        .put("ttftP95Seconds", p95)
        .put("prefixHitRatio", prefix)
        .putNull("override");
  }

  static JsonObject file(String name, String state, boolean packaged, String... routes) {
    return new JsonObject()
        .put("file", name)
        .put("state", state)
        .put("packaged", packaged)
        .put("changedAt", Scenes.AT - 400_000)
        .put("routes", new JsonArray(List.of(routes)))
        .put("errors", new JsonArray());
  }

  static JsonObject change(
      int secondsAgo,
      String what,
      String name,
      @Nullable String from,
      String to,
      @Nullable String reason) {
    return new JsonObject()
        .put("at", Scenes.AT - secondsAgo * 1_000L)
        .put("what", what)
        .put("name", name)
        .put("from", from)
        .put("to", to)
        .put("reason", reason);
  }
}
