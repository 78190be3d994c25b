package dev.caravan.simulator;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.DecodeException;
import io.vertx.core.json.JsonObject;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Faults as the simulator's admin path spells them. Pure. */
final class FaultJson {
  private static final Set<String> FIELDS =
      Set.of(
          "kind",
          "afterTokens",
          "status",
          "retryAfterSeconds",
          "factor",
          "forSeconds",
          "times",
          "probability");

  private FaultJson() {}

  /**
   * Reads a fault.
   *
   * @throws IllegalArgumentException if it is none; the message says what would be
   */
  static ArmedFault read(Buffer body) {
    try {
      JsonObject json = new JsonObject(body);
      for (String field : json.fieldNames()) {
        if (!FIELDS.contains(field)) {
          throw new IllegalArgumentException("unknown field " + field + "; known: " + FIELDS);
        }
      }
      return new ArmedFault(
          fault(json),
          (int) number(json, "times", ArmedFault.ALWAYS),
          number(json, "probability", 1));
    } catch (DecodeException | ClassCastException e) {
      throw new IllegalArgumentException("not a fault in JSON: " + e.getMessage(), e);
    }
  }

  private static Fault fault(JsonObject json) {
    String kind = String.valueOf(json.getValue("kind"));
    return switch (kind) {
      case "refuse" -> new Fault.Refuse(number(json, "forSeconds", 0));
      case "reset" -> new Fault.Reset();
      case "hang_before_head" -> new Fault.HangBeforeHead();
      case "hang_before_first_token" -> new Fault.HangBeforeFirstToken();
      case "hang_mid_stream" -> new Fault.HangMidStream(afterTokens(json));
      case "cut_mid_stream" -> new Fault.CutMidStream(afterTokens(json));
      case "status" ->
          new Fault.Status(
              (int) number(json, "status", 503),
              json.getValue("retryAfterSeconds") == null
                  ? null
                  : (int) number(json, "retryAfterSeconds", 0));
      case "slow" -> new Fault.Slow(number(json, "factor", 10));
      case "freeze" -> new Fault.Freeze();
      case "unhealthy" -> new Fault.Unhealthy((int) number(json, "status", 503));
      case "garbage" -> new Fault.Garbage();
      default ->
          throw new IllegalArgumentException(
              "unknown kind "
                  + kind
                  + "; known: refuse, reset, hang_before_head, hang_before_first_token,"
                  + " hang_mid_stream, cut_mid_stream, status, slow, freeze, unhealthy, garbage");
    };
  }

  static String write(@Nullable ArmedFault armed) {
    if (armed == null) {
      return "{\"kind\":null}";
    }
    JsonObject json = new JsonObject().put("kind", armed.fault().kind());
    if (armed.fault() instanceof Fault.HangMidStream hang) {
      json.put("afterTokens", hang.afterTokens());
    } else if (armed.fault() instanceof Fault.CutMidStream cut) {
      json.put("afterTokens", cut.afterTokens());
    } else if (armed.fault() instanceof Fault.Status status) {
      json.put("status", status.status());
      if (status.retryAfterSeconds() != null) {
        json.put("retryAfterSeconds", status.retryAfterSeconds());
      }
    } else if (armed.fault() instanceof Fault.Unhealthy unhealthy) {
      json.put("status", unhealthy.status());
    } else if (armed.fault() instanceof Fault.Slow slow) {
      json.put("factor", slow.factor());
    } else if (armed.fault() instanceof Fault.Refuse refuse) {
      json.put("forSeconds", refuse.forSeconds());
    }
    if (armed.times() != ArmedFault.ALWAYS) {
      json.put("times", armed.times());
    }
    if (armed.probability() != 1) {
      json.put("probability", armed.probability());
    }
    return json.encode();
  }

  private static int afterTokens(JsonObject json) {
    return (int) number(json, "afterTokens", 1);
  }

  private static double number(JsonObject json, String field, double absent) {
    Object value = json.getValue(field);
    return value == null ? absent : ((Number) value).doubleValue();
  }
}
