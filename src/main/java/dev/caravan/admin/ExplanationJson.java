package dev.caravan.admin;

import dev.caravan.fleet.BackendSpec;
import dev.caravan.select.DryRun.Foretold;
import dev.caravan.select.Explanation;
import dev.caravan.select.Explanation.Asked;
import dev.caravan.select.Explanation.Cache;
import dev.caravan.select.Explanation.Server;
import dev.caravan.select.Explanation.Verdict;
import dev.caravan.select.Explanation.Work;
import dev.caravan.select.Explanations.Kept;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.List;
import java.util.Locale;

/** Explanations as JSON, for people first: docs/explain.md says what each field means. */
final class ExplanationJson {
  private static final MathContext DIGITS = new MathContext(6);

  private ExplanationJson() {}

  static JsonObject of(Kept kept) {
    return new JsonObject()
        .put("request_id", kept.requestId())
        .put("pool", kept.pool())
        .put("choices", choices(kept.choices()));
  }

  static JsonObject of(Foretold told) {
    JsonObject json = new JsonObject().put("dry_run", true).put("pool", told.pool());
    if (!told.notes().isEmpty()) {
      json.put("notes", new JsonArray(told.notes()));
    }
    return json.put("choices", choices(told.choices()));
  }

  private static JsonArray choices(List<Explanation> choices) {
    JsonArray all = new JsonArray();
    choices.forEach(each -> all.add(choice(each)));
    return all;
  }

  private static JsonObject choice(Explanation choice) {
    Asked asked = choice.asked();
    JsonObject json =
        new JsonObject()
            .put("winner", choice.winner())
            .put("why", choice.why())
            .put("basis", choice.basis() == null ? "none" : choice.basis().label());
    if (!choice.lot().isEmpty()) {
      json.put("drawn_from", new JsonArray(choice.lot()));
    }
    if (choice.panic()) {
      json.put("panic", true);
    }
    JsonArray servers = new JsonArray();
    choice.servers().forEach(each -> servers.add(server(each)));
    return json.put("balancer", choice.balancer())
        .put(
            "request",
            new JsonObject()
                .put("model", asked.model())
                .put("path", asked.api().path())
                .put("prompt_tokens", asked.promptTokens())
                .put("conversation", asked.conversation().label())
                .put("affinity", asked.affinity().name().toLowerCase(Locale.ROOT)))
        .put("servers", servers);
  }

  private static JsonObject server(Server server) {
    JsonObject filters = new JsonObject();
    server.filters().forEach(each -> filters.put(each.filter(), verdict(each)));
    JsonObject json =
        new JsonObject()
            .put("server", server.name())
            .put("eligible", server.eligible())
            .put("filters", filters);
    if (server.score() != null) {
      JsonArray scorers = new JsonArray();
      server
          .scorers()
          .forEach(
              each ->
                  scorers.add(
                      new JsonObject()
                          .put("scorer", each.scorer())
                          .put("measure", rounded(each.measure()))
                          .put("unit", each.unit())
                          .put("score", rounded(each.score()))));
      json.put("scorers", scorers).put("score", rounded(server.score()));
    }
    if (server.place() > 0) {
      json.put("place_in_order", server.place());
    }
    if (server.overBound() != null) {
      json.put("over_bound", server.overBound());
    }
    json.put("inflight", server.inflight());
    if (server.maxInflight() != BackendSpec.UNLIMITED) {
      json.put("max_inflight", server.maxInflight());
    }
    json.put("weight", server.weight()).put("share", rounded(server.share()));
    Work load = server.load();
    if (load != null) {
      json.put("tokens", load.tokens())
          .put("queued_requests", load.queued())
          .put("backlog_tokens", load.backlogTokens())
          .put("speed_tokens_per_ms", rounded(load.tokensPerMilli()))
          .put("ttft_ms_per_token", rounded(load.ttftMillisPerToken()));
    }
    Cache cache = server.cache();
    if (cache != null) {
      json.put("cached_prompt_tokens", cache.cachedTokens())
          .put("cache_pressure", rounded(cache.pressure()));
    }
    return json;
  }

  private static String verdict(Verdict verdict) {
    return (verdict.admits() ? "admits" : "refuses")
        + (verdict.reason().isEmpty()
            ? ""
            : (verdict.admits() ? ", in panic: " : ": ") + verdict.reason());
  }

  /** To six digits; whole numbers as they are. */
  private static Number rounded(double value) {
    if (value == Math.rint(value) && Math.abs(value) < 1e15) {
      return (long) value;
    }
    return new BigDecimal(value).round(DIGITS).doubleValue();
  }
}
