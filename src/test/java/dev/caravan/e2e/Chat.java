package dev.caravan.e2e;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Requests for chats, and their answers taken apart. */
final class Chat {
  static final String PATH = "/v1/chat/completions";
  private static final ObjectMapper JSON = new ObjectMapper();

  private Chat() {}

  /** A chat in one piece. */
  static String whole(String content) {
    return body(content, "\"max_tokens\":12");
  }

  /** A streamed chat of so many tokens. */
  static String stream(String content, int tokens) {
    return body(content, "\"stream\":true,\"max_tokens\":" + tokens + ",\"min_tokens\":" + tokens);
  }

  static String body(String content, String fields) {
    return "{\"model\":\""
        + PoolYaml.MODEL
        + "\","
        + fields
        + ",\"messages\":[{\"role\":\"user\",\"content\":"
        + quoted(content)
        + "}]}";
  }

  static String quoted(String text) {
    try {
      return JSON.writeValueAsString(text);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  static JsonNode json(byte[] body) throws IOException {
    return JSON.readTree(body);
  }

  static JsonNode json(String body) throws IOException {
    return JSON.readTree(body.getBytes(StandardCharsets.UTF_8));
  }

  /**
   * The text in the first choice of an answer, or of an event of one; empty where there is none.
   *
   * @param part what has it: {@code message}, or {@code delta}
   */
  static String text(JsonObject answer, String part) {
    JsonArray choices = answer.getJsonArray("choices");
    return choices.isEmpty()
        ? ""
        : choices.getJsonObject(0).getJsonObject(part).getString("content", "");
  }

  /** The data of each server-sent event. */
  static List<String> events(String body) {
    List<String> events = new ArrayList<>();
    for (String event : body.split("\n\n", -1)) {
      String data = event.strip();
      if (data.startsWith("data: ")) {
        events.add(data.substring("data: ".length()));
      }
    }
    return events;
  }
}
