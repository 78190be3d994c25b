package dev.caravan.resume;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonFactoryBuilder;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.util.JsonRecyclerPools;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * What one event of a streamed chat or completion says, as far as resuming goes. One instance is
 * filled anew for each event. Source of the fields: OpenAI's OpenAPI description, schema {@code
 * CreateChatCompletionStreamResponse}; {@code reasoning_content} and {@code reasoning} are vLLM's
 * and SGLang's.
 */
final class StreamedChunk {
  static final JsonFactory JSON =
      new JsonFactoryBuilder()
          .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
          .recyclerPool(JsonRecyclerPools.threadLocalPool())
          .build();

  /** Digits that always fit a long. */
  private static final int MAX_DIGITS = 18;

  /** Whose answer it is; read only where asked for. */
  @Nullable String id;

  @Nullable String model;
  @Nullable String fingerprint;
  long created = -1;

  /** The text that it adds. */
  final StringBuilder content = new StringBuilder(64);

  boolean role;
  boolean finished;
  boolean choices;

  /** Tokens of the answer so far, and of its prompt, where the event has usage; or -1. */
  long completionTokens;

  long promptTokens;

  /** Why an answer with this event cannot be resumed; null where it can. */
  @Nullable String obstacle;

  /** Reads an event's data, not {@code [DONE]}. */
  void read(byte[] bytes, int from, int length, boolean identity) {
    content.setLength(0);
    role = false;
    finished = false;
    choices = false;
    completionTokens = -1;
    promptTokens = -1;
    obstacle = null;
    try (JsonParser json = JSON.createParser(bytes, from, length)) {
      if (json.nextToken() != JsonToken.START_OBJECT) {
        obstacle = "an event is no JSON object";
        return;
      }
      String name;
      while ((name = json.nextFieldName()) != null) {
        root(json, name, json.nextToken(), identity);
      }
    } catch (IOException e) {
      obstacle = "an event is no JSON";
    }
  }

  private void root(JsonParser json, String name, JsonToken value, boolean identity)
      throws IOException {
    switch (name) {
      case "choices" -> choices(json, value);
      case "usage" -> usage(json, value);
      case "error" -> {
        if (value != JsonToken.VALUE_NULL) {
          obstacle = "the server sent an error";
        }
        json.skipChildren();
      }
      case "id" -> id = identity && value == JsonToken.VALUE_STRING ? json.getText() : id;
      case "model" -> model = identity && value == JsonToken.VALUE_STRING ? json.getText() : model;
      case "system_fingerprint" ->
          fingerprint = identity && value == JsonToken.VALUE_STRING ? json.getText() : fingerprint;
      case "created" -> created = identity ? count(json, value) : created;
      default -> json.skipChildren();
    }
  }

  private void choices(JsonParser json, JsonToken value) throws IOException {
    if (value != JsonToken.START_ARRAY) {
      json.skipChildren();
      return;
    }
    boolean first = true;
    while (json.nextToken() == JsonToken.START_OBJECT) {
      if (!first) {
        obstacle = "an event has several choices";
      }
      first = false;
      choices = true;
      String name;
      while ((name = json.nextFieldName()) != null) {
        choice(json, name, json.nextToken());
      }
    }
  }

  private void choice(JsonParser json, String name, JsonToken value) throws IOException {
    switch (name) {
      case "delta" -> {
        if (value == JsonToken.START_OBJECT) {
          String member;
          while ((member = json.nextFieldName()) != null) {
            delta(json, member, json.nextToken());
          }
        } else {
          json.skipChildren();
        }
      }
      case "text" -> text(json, value);
      case "finish_reason" -> finished |= value != JsonToken.VALUE_NULL;
      case "index" -> {
        if (count(json, value) > 0) {
          obstacle = "the answer has several choices";
        }
      }
      case "logprobs" -> unless(nothing(json, value), "the answer has logprobs");
      default -> json.skipChildren();
    }
  }

  private void delta(JsonParser json, String name, JsonToken value) throws IOException {
    switch (name) {
      case "content" -> text(json, value);
      case "role" -> role |= value != JsonToken.VALUE_NULL;
      case "tool_calls", "function_call" -> unless(nothing(json, value), "a tool call has begun");
      case "reasoning_content", "reasoning", "reasoning_details" ->
          unless(nothing(json, value), "the answer has reasoning");
      case "refusal" -> unless(nothing(json, value), "the model refused");
      case "audio" -> unless(nothing(json, value), "the answer has audio");
      default -> json.skipChildren();
    }
  }

  private void text(JsonParser json, JsonToken value) throws IOException {
    if (value == JsonToken.VALUE_STRING) {
      content.append(json.getTextCharacters(), json.getTextOffset(), json.getTextLength());
    } else {
      unless(nothing(json, value), "the content is no text");
    }
  }

  private void unless(boolean fine, String why) {
    if (!fine) {
      obstacle = why;
    }
  }

  /** Whether a value is null or empty; reads to its end. */
  private static boolean nothing(JsonParser json, JsonToken value) throws IOException {
    switch (value) {
      case VALUE_NULL -> {
        return true;
      }
      case VALUE_STRING -> {
        return json.getTextLength() == 0;
      }
      case START_ARRAY, START_OBJECT -> {
        JsonToken inner = json.nextToken();
        boolean empty = inner == JsonToken.END_ARRAY || inner == JsonToken.END_OBJECT;
        while (inner != JsonToken.END_ARRAY && inner != JsonToken.END_OBJECT) {
          json.skipChildren();
          inner = json.nextToken();
        }
        return empty;
      }
      default -> {
        return false;
      }
    }
  }

  private void usage(JsonParser json, JsonToken value) throws IOException {
    if (value != JsonToken.START_OBJECT) {
      json.skipChildren();
      return;
    }
    String name;
    while ((name = json.nextFieldName()) != null) {
      JsonToken member = json.nextToken();
      switch (name) {
        case "prompt_tokens" -> promptTokens = count(json, member);
        case "completion_tokens" -> completionTokens = count(json, member);
        default -> json.skipChildren();
      }
    }
  }

  /** A count from 0; -1 for anything else. */
  static long count(JsonParser json, JsonToken value) throws IOException {
    if (value == JsonToken.VALUE_NUMBER_INT && json.getTextLength() <= MAX_DIGITS) {
      return Math.max(-1, json.getLongValue());
    }
    json.skipChildren();
    return -1;
  }
}
