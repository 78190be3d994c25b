package dev.caravan.dashboard;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Overviews as {@code GET /admin/overview} answers them, of gateways in the main states that the
 * page must show. The same tick gives the same numbers.
 */
final class Scenes {
  /** The moment of the first tick; ages on the page are told from here. */
  static final long AT = 1_764_000_000_000L;

  /** A name that would run, were it ever taken for HTML. */
  static final String HOSTILE = "<img src=x onerror=\"window.hostile=1\">\"'&<script>1</script>";

  private Scenes() {}

  /** A gateway that has just started, without a route. */
  static JsonObject empty(int tick) {
    return OverviewParts.overview(
        tick,
        OverviewParts.gateway(0, 0).put("ready", false),
        List.of(OverviewParts.door("http", 0, 0)),
        List.of(),
        List.of(),
        new JsonArray(),
        new JsonArray());
  }

  /** The demo's three servers, all well. */
  static JsonObject demo(int tick) {
    List<JsonObject> servers =
        List.of(
            OverviewParts.server("swift", "healthy", 5, 16, 3.1, 188, 0.09, 0.21, 0.44),
            OverviewParts.server("steady", "healthy", 4, 16, 1.9, 112, 0.14, 0.38, 0.37),
            OverviewParts.server("slow", "busy", 8, 8, 0.8, 41, 0.61, 1.4, 0.12)
                .put("reason", "2 requests wait in its engine"));
    return OverviewParts.overview(
        tick,
        OverviewParts.gateway(5.8, 17),
        List.of(
            OverviewParts.door("http", 4.6, 12),
            OverviewParts.door("jobs:kafka", 1.2, 5).put("held", 24).put("paused", false)),
        List.of(
            OverviewParts.pool("llama-3.1-8b", List.of("gpt-4o-mini"), servers, 0.12, 0.9, 0.33)),
        servers,
        new JsonArray()
            .add(OverviewParts.file("routes/demo.yaml", "active", true, "llama-3.1-8b"))
            .add(OverviewParts.file("routes/ingress.yaml", "active", true, "ingress"))
            .add(
                OverviewParts.file(
                    "routes/queue-kafka.yaml", "active", true, "kafka-jobs", "kafka-to-pool")),
        new JsonArray()
            .add(
                OverviewParts.change(
                    14, "server", "slow", "healthy", "busy", "2 requests wait in its engine"))
            .add(OverviewParts.change(95, "server", "slow", "warming", "healthy", null))
            .add(OverviewParts.change(96, "routes", "routes/demo.yaml", null, "active", null)));
  }

  /** Much is wrong at once: servers out, a breaker open, a file rejected, somebody's override. */
  static JsonObject trouble(int tick) {
    List<JsonObject> servers = new ArrayList<>();
    servers.add(OverviewParts.server("gpu-a", "healthy", 31, 32, 8.4, 610, 0.18, 0.52, 0.41));
    servers.add(
        OverviewParts.server("gpu-b", "down", 0, 32, 0, 0, null, null, null)
            .put("since", AT - 312_000)
            .put("reason", "cannot connect: connection refused")
            .put("breaker", "open"));
    servers.add(
        OverviewParts.server("gpu-c", "ejected", 2, 32, 0, 12, 2.4, 9.8, 0.2)
            .put("since", AT - 12_000)
            .put("reason", "5 failures in a row, the last: 502 Bad Gateway")
            .put("failuresPerSecond", 0.4)
            .put("breaker", "half_open"));
    servers.add(
        OverviewParts.server("gpu-d", "draining", 3, 32, 0, 44, 0.2, 0.6, 0.5)
            .put("since", AT - 184_000)
            .put("reason", "drained by ana")
            .put(
                "override",
                new JsonObject()
                    .put("drain", true)
                    .put("eject", false)
                    .putNull("weight")
                    .put("by", "ana")
                    .put("at", AT - 184_000)));
    servers.add(
        OverviewParts.server("gpu-e", "suspect", 11, 32, 2.2, 130, 0.9, 4.1, 0.3)
            .put("reason", "no first token in 5 s, twice"));
    servers.add(
        OverviewParts.server("gpu-f", "hung", 6, 16, 0, 0, null, null, null)
            .put("since", AT - 48_000)
            .put(
                "reason",
                "6 requests run and no token has moved for 48 s, though /health says 200"));
    servers.add(
        OverviewParts.server("tpu-spare", "warming", 2, null, 0.6, 38, 0.3, 0.8, null)
            .put("since", AT - 20_000)
            .put("reason", "back for 20 s, takes 30 % of its share")
            .put("weight", 2.0));
    servers.get(5).put("pools", new JsonArray().add("qwen3-32b"));
    servers.get(6).put("pools", new JsonArray().add("llama-3.3-70b").add("qwen3-32b"));
    List<JsonObject> llama = new ArrayList<>(servers);
    llama.remove(5);
    List<JsonObject> qwen = List.of(servers.get(5), servers.get(6));
    JsonArray routes =
        new JsonArray()
            .add(
                OverviewParts.file("routes/llama.yaml", "rejected", false, "llama-3.3-70b")
                    .put(
                        "errors",
                        new JsonArray()
                            .add(
                                new JsonObject()
                                    .put("line", 15)
                                    .put("where", "model:gpu-a")
                                    .put(
                                        "message",
                                        "weight \"heavy\" is not a whole number from 1 to 256"))))
            .add(OverviewParts.file("routes/qwen.yaml", "active", false, "qwen3-32b"))
            .add(OverviewParts.file("routes/ingress.yaml", "active", true, "ingress"));
    JsonArray changes =
        new JsonArray()
            .add(
                OverviewParts.change(
                    4,
                    "routes",
                    "routes/llama.yaml",
                    "active",
                    "rejected",
                    "line 15: weight \"heavy\" is not a whole number from 1 to 256"))
            .add(
                OverviewParts.change(
                    12,
                    "server",
                    "gpu-c",
                    "suspect",
                    "ejected",
                    "5 failures in a row, the last: 502 Bad Gateway"))
            .add(OverviewParts.change(20, "server", "tpu-spare", "down", "warming", null))
            .add(OverviewParts.change(21, "breaker", "gpu-c", "open", "half_open", null))
            .add(
                OverviewParts.change(
                    48, "server", "gpu-f", "busy", "hung", "no token has moved for 48 s"))
            .add(OverviewParts.change(184, "override", "gpu-d", null, "drain", "by ana"))
            .add(
                OverviewParts.change(
                    312,
                    "server",
                    "gpu-b",
                    "healthy",
                    "down",
                    "cannot connect: connection refused"))
            .add(OverviewParts.change(312, "breaker", "gpu-b", "closed", "open", null));
    return OverviewParts.overview(
            tick,
            OverviewParts.gateway(11.2, 55).put("errorsPerSecond", 0.7).put("shedPerSecond", 1.5),
            List.of(
                OverviewParts.door("http", 11.2, 49),
                OverviewParts.door("jobs:kafka", 0, 6).put("held", 256).put("paused", true)),
            List.of(
                OverviewParts.pool("llama-3.3-70b", List.of(), llama, 0.31, 3.9, 0.38)
                    .put("errorsPerSecond", 0.7)
                    .put("retriesPerSecond", 1.1),
                OverviewParts.pool("qwen3-32b", List.of("qwen"), qwen, 0.3, 0.8, null)),
            servers,
            routes,
            changes)
        .put(
            "limits",
            OverviewParts.limits(
                OverviewParts.account(
                    "tenant",
                    "acme",
                    OverviewParts.limit("requests", 600, 600, 118),
                    OverviewParts.limit("tokens", 412_000, 1_000_000, 0),
                    OverviewParts.limit("concurrent", 12, 32, 0)),
                OverviewParts.account(
                    "tenant", "nightly", OverviewParts.limit("budget", 7_930_000, 20_000_000, 0)),
                OverviewParts.account(
                    "pool", "qwen3-32b", OverviewParts.limit("concurrent", 8, 24, 0))));
  }

  /** A hundred servers in four pools, some of them in trouble; the numbers move with the tick. */
  static JsonObject hundred(int tick) {
    List<JsonObject> servers = new ArrayList<>();
    List<JsonObject> pools = new ArrayList<>();
    String[] models = {"llama-3.3-70b", "qwen3-32b", "mistral-small-3", "bge-m3"};
    int[] sizes = {48, 28, 16, 8};
    int index = 0;
    for (int pool = 0; pool < models.length; pool++) {
      List<JsonObject> mine = new ArrayList<>();
      for (int i = 0; i < sizes[pool]; i++, index++) {
        String name = String.format(Locale.ROOT, "%s-%02d", pool < 2 ? "h100" : "l40s", index);
        double wave = 1 + Math.sin(index * 1.7 + tick * 0.6) / 3;
        JsonObject server =
            OverviewParts.server(
                name,
                "healthy",
                (int) (14 * wave),
                32,
                2.1 * wave,
                160 * wave,
                0.12 * wave,
                0.5 * wave,
                0.35);
        switch (index) {
          case 7 ->
              server
                  .put("state", "down")
                  .put("reason", "cannot connect: connection refused")
                  .put("breaker", "open")
                  .put("requestsPerSecond", 0)
                  .put("inflight", 0);
          case 19, 83 -> server.put("state", "suspect").put("reason", "no first token in 5 s");
          case 33, 34 -> server.put("state", "busy").put("inflight", 32);
          case 55 ->
              server
                  .put("state", "hung")
                  .put("reason", "no token has moved for 30 s")
                  .put("requestsPerSecond", 0);
          case 61 -> server.put("state", "warming").put("reason", "back for 12 s");
          case 71 ->
              server
                  .put("state", "draining")
                  .put("reason", "its route says drain")
                  .put("requestsPerSecond", 0);
          default -> {}
        }
        server.put("pools", new JsonArray().add(models[pool]));
        mine.add(server);
      }
      servers.addAll(mine);
      pools.add(OverviewParts.pool(models[pool], List.of(), mine, 0.13, 0.62, 0.36));
    }
    JsonArray changes = new JsonArray();
    for (int i = 0; i < 60; i++) {
      changes.add(
          OverviewParts.change(
              9 + 31 * i,
              "server",
              "h100-" + (10 + i),
              i % 2 == 0 ? "busy" : "healthy",
              i % 2 == 0 ? "healthy" : "busy",
              null));
    }
    double total = pools.stream().mapToDouble(each -> each.getDouble("requestsPerSecond")).sum();
    return OverviewParts.overview(
        tick,
        OverviewParts.gateway(total, 1400),
        List.of(
            OverviewParts.door("http", total * 0.9, 1290),
            OverviewParts.door("jobs:kafka", total * 0.07, 80)
                .put("held", 512)
                .put("paused", false),
            OverviewParts.door("jobs:amqp", total * 0.03, 30).put("held", 64).put("paused", false)),
        pools,
        servers,
        new JsonArray().add(OverviewParts.file("routes/fleet.yaml", "active", false, models)),
        changes);
  }

  /** Names and reasons that come from elsewhere and are not to be believed. */
  static JsonObject hostile(int tick) {
    JsonObject server =
        OverviewParts.server(HOSTILE, "down", 1, 2, 1, 1, 0.1, 0.2, 0.3)
            .put("reason", HOSTILE)
            .put("url", "javascript:" + HOSTILE)
            .put("breaker", HOSTILE);
    JsonObject odd = OverviewParts.server("a/b?c#d e", HOSTILE, 1, 2, 1, 1, 0.1, 0.2, 0.3);
    List<JsonObject> servers = List.of(server, odd);
    return OverviewParts.overview(
        tick,
        OverviewParts.gateway(1, 1).put("version", HOSTILE),
        List.of(OverviewParts.door(HOSTILE, 1, 1)),
        List.of(OverviewParts.pool(HOSTILE, List.of(HOSTILE), servers, 0.1, 0.2, 0.3)),
        servers.stream().map(each -> each.put("pools", new JsonArray().add(HOSTILE))).toList(),
        new JsonArray()
            .add(
                OverviewParts.file(HOSTILE, "rejected", false, HOSTILE)
                    .put(
                        "errors",
                        new JsonArray()
                            .add(
                                new JsonObject()
                                    .put("line", 1)
                                    .put("where", HOSTILE)
                                    .put("message", HOSTILE)))),
        new JsonArray().add(OverviewParts.change(1, "server", HOSTILE, HOSTILE, HOSTILE, HOSTILE)));
  }
}
