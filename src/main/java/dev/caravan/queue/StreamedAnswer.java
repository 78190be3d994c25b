package dev.caravan.queue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.vertx.core.json.DecodeException;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Puts the events of a streamed answer together to the answer that would have come at once, so that
 * whoever reads answers need not know how they were made. For one answer and one thread at a time.
 *
 * <p>The pieces of a text are joined, whichever member they are of; what names or identifies counts
 * once; lists with an {@code index} are merged by it. Source: OpenAI's OpenAPI description, schemas
 * {@code CreateChatCompletionStreamResponse}, {@code CreateCompletionResponse} and {@code
 * ResponseCompletedEvent}.
 */
final class StreamedAnswer {
  /** Texts that are not given in pieces. */
  private static final Set<String> WHOLE = Set.of("role", "id", "type", "name", "object");

  private final JsonObject whole = new JsonObject();
  private final Map<Integer, JsonObject> choices = new TreeMap<>();
  private @Nullable JsonObject response;
  private boolean broken;

  /** Takes the data of one event, not {@code [DONE]}. */
  void add(String data) {
    try {
      JsonObject event = new JsonObject(data);
      if (event.getValue("error") != null && !event.containsKey("choices")) {
        broken = true;
      } else if (event.getValue("type") instanceof String type && type.startsWith("response.")) {
        response(type, event);
      } else {
        event(event);
      }
    } catch (DecodeException | ClassCastException e) {
      broken = true;
    }
  }

  /** Whether an event was an error, or none that belongs into such an answer. */
  boolean broken() {
    return broken || (response == null && whole.isEmpty() && choices.isEmpty());
  }

  /** The whole answer as JSON. */
  ByteBuf json() {
    JsonObject found = response;
    if (found == null) {
      found = whole;
      if (!choices.isEmpty()) {
        JsonArray all = new JsonArray();
        choices.values().forEach(all::add);
        found.put("choices", all);
      }
    }
    return Unpooled.wrappedBuffer(found.encode().getBytes(StandardCharsets.UTF_8));
  }

  /** The last event of the responses API holds all of the response. */
  private void response(String type, JsonObject event) {
    switch (type) {
      case "response.completed", "response.incomplete" ->
          response = event.getJsonObject("response");
      case "response.failed" -> broken = true;
      default -> {}
    }
  }

  private void event(JsonObject event) {
    for (Map.Entry<String, Object> member : event) {
      Object value = member.getValue();
      switch (member.getKey()) {
        case "choices" -> choices((JsonArray) value);
        case "object" -> whole.put("object", String.valueOf(value).replaceFirst("\\.chunk$", ""));
        case "usage" -> {
          if (value != null) {
            whole.put("usage", value);
          }
        }
        default -> putIfAbsent(whole, member.getKey(), value);
      }
    }
  }

  private void choices(@Nullable JsonArray list) {
    if (list == null) {
      return;
    }
    for (Object each : list) {
      if (!(each instanceof JsonObject piece)) {
        throw new DecodeException("a choice that is no object");
      }
      JsonObject choice =
          choices.computeIfAbsent(
              index(piece.getValue("index", 0)), index -> new JsonObject().put("index", index));
      for (Map.Entry<String, Object> member : piece) {
        Object value = member.getValue();
        switch (member.getKey()) {
          case "delta" -> {
            JsonObject message = choice.getJsonObject("message");
            if (message == null) {
              message = new JsonObject();
              choice.put("message", message);
            }
            merge(message, (JsonObject) value);
          }
          case "text" -> join(choice, "text", String.valueOf(value));
          case "logprobs" -> logprobs(choice, value);
          default -> {
            if (value != null) {
              choice.put(member.getKey(), value);
            } else {
              putIfAbsent(choice, member.getKey(), null);
            }
          }
        }
      }
    }
  }

  private static int index(@Nullable Object said) {
    if (said instanceof Number number && number.intValue() >= 0) {
      return number.intValue();
    }
    throw new DecodeException("an index that is none");
  }

  private static void merge(JsonObject into, @Nullable JsonObject piece) {
    if (piece == null) {
      return;
    }
    for (Map.Entry<String, Object> member : piece) {
      String name = member.getKey();
      Object value = member.getValue();
      if (value instanceof String text && !WHOLE.contains(name)) {
        join(into, name, text);
      } else if (value instanceof JsonObject object) {
        if (!(into.getValue(name) instanceof JsonObject)) {
          into.put(name, new JsonObject());
        }
        merge(into.getJsonObject(name), object);
      } else if (value instanceof JsonArray array) {
        if (!(into.getValue(name) instanceof JsonArray)) {
          into.put(name, new JsonArray());
        }
        list(into.getJsonArray(name), array);
      } else {
        putIfAbsent(into, name, value);
      }
    }
  }

  /** Tool calls and the like: an element that has an index goes on with the one at that place. */
  private static void list(JsonArray into, JsonArray pieces) {
    for (Object each : pieces) {
      if (!(each instanceof JsonObject piece)
          || !(piece.getValue("index") instanceof Number said)) {
        into.add(each);
        continue;
      }
      int at = Math.min(index(said), 1_000);
      while (into.size() <= at) {
        into.add(new JsonObject());
      }
      JsonObject rest = piece.copy();
      rest.remove("index");
      merge(into.getJsonObject(at), rest);
    }
  }

  private static void logprobs(JsonObject choice, @Nullable Object value) {
    if (!(value instanceof JsonObject piece)) {
      putIfAbsent(choice, "logprobs", value);
      return;
    }
    JsonObject known =
        choice.getValue("logprobs") instanceof JsonObject before ? before : new JsonObject();
    choice.put("logprobs", known);
    for (Map.Entry<String, Object> member : piece) {
      if (member.getValue() instanceof JsonArray more) {
        JsonArray all =
            known.getValue(member.getKey()) instanceof JsonArray before ? before : new JsonArray();
        more.forEach(all::add);
        known.put(member.getKey(), all);
      } else {
        putIfAbsent(known, member.getKey(), member.getValue());
      }
    }
  }

  private static void join(JsonObject into, String name, String more) {
    into.put(name, into.getValue(name) instanceof String before ? before + more : more);
  }

  private static void putIfAbsent(JsonObject into, String name, @Nullable Object value) {
    if (into.getValue(name) == null) {
      into.put(name, value);
    }
  }
}
