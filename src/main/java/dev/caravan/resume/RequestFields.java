package dev.caravan.resume;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.caravan.request.Api;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The fields of a request that decide whether its answer can be resumed, and their places in the
 * body, in bytes. Names are those of OpenAI's API, of vLLM and of SGLang.
 */
final class RequestFields {

  /** A value's place: from its first byte to behind its last. */
  record Place(int from, int to) {}

  /** A number of tokens and where it stands. */
  record Tokens(Place place, long value, boolean limit) {}

  /** Fields that constrain the form of the answer: a part of it is no prompt for the rest. */
  private static final Set<String> STRUCTURED =
      Set.of(
          "structured_outputs",
          "json_schema",
          "regex",
          "ebnf",
          "grammar",
          "structural_tag",
          "response_format");

  /** Fields whose results cannot be put together from two answers. */
  private static final Set<String> UNSTITCHED =
      Set.of(
          "logprobs",
          "top_logprobs",
          "prompt_logprobs",
          "audio",
          "echo",
          "suffix",
          "prompt_embeds",
          "return_token_ids",
          "use_beam_search",
          "truncate_prompt_tokens");

  /** Why the answer cannot be resumed, the last reason found; null where it can. */
  @Nullable String obstacle;

  /** Whether the request wants one answer; with more, one's end is not that of the stream. */
  boolean single = true;

  /** Where the prompt ends: the last byte of {@code messages}, or of the prompt's string. */
  int promptEnd = -1;

  boolean messages;
  @Nullable Place lastContent;
  boolean lastIsAssistant;
  boolean continues;

  final List<Place> continueFlags = new ArrayList<>();
  final List<Place> generationFlags = new ArrayList<>();
  final List<Tokens> tokens = new ArrayList<>();

  /** The last byte of the body's object. */
  int objectEnd;

  private boolean tools;
  private boolean toolsOff;
  private final byte[] body;
  private final Api api;

  private RequestFields(byte[] body, Api api) {
    this.body = body;
    this.api = api;
  }

  /** Reads a body that {@code RequestParser} has accepted. */
  static RequestFields read(byte[] body, Api api) throws IOException {
    RequestFields fields = new RequestFields(body, api);
    try (JsonParser json = StreamedChunk.JSON.createParser(body)) {
      json.nextToken();
      String name;
      while ((name = json.nextFieldName()) != null) {
        JsonToken value = json.nextToken();
        fields.field(json, name, value);
        json.skipChildren();
      }
      fields.objectEnd = offset(json);
    }
    if (fields.tools && !fields.toolsOff) {
      fields.obstacle = "the request has tools";
    }
    if (fields.promptEnd < 0 && fields.obstacle == null) {
      fields.obstacle = "the request has no prompt that can be extended";
    }
    return fields;
  }

  private void field(JsonParser json, String name, JsonToken value) throws IOException {
    if (name.equals(api.promptField())) {
      prompt(json, value);
      return;
    }
    switch (name) {
      case "continue_final_message" -> {
        continueFlags.add(place(json, value));
        continues = value == JsonToken.VALUE_TRUE;
      }
      case "add_generation_prompt" -> generationFlags.add(place(json, value));
      case "max_tokens", "max_completion_tokens" -> tokens(json, value, true);
      case "min_tokens" -> tokens(json, value, false);
      case "n", "best_of" -> {
        if (value != JsonToken.VALUE_NULL && !(number(value) && json.getLongValue() == 1)) {
          obstacle = "the request has " + name;
          single = false;
        }
      }
      case "tools", "functions" -> tools |= !empty(json, value);
      case "tool_choice", "function_call" ->
          toolsOff = value == JsonToken.VALUE_STRING && json.getText().equals("none");
      case "modalities" -> modalities(json, value);
      default -> {
        if (name.startsWith("guided_") || STRUCTURED.contains(name)) {
          structured(json, name, value);
        } else if (UNSTITCHED.contains(name) && !off(json, value)) {
          obstacle = "the request has " + name;
        }
      }
    }
  }

  private void prompt(JsonParser json, JsonToken value) throws IOException {
    if (promptEnd >= 0) {
      obstacle = "the request has its prompt twice";
    }
    if (api == Api.CHAT_COMPLETIONS && value == JsonToken.START_ARRAY) {
      while (json.nextToken() == JsonToken.START_OBJECT) {
        messages = true;
        message(json);
      }
      while (json.currentToken() != JsonToken.END_ARRAY) {
        obstacle = "a message is no object";
        json.skipChildren();
        json.nextToken();
      }
      promptEnd = offset(json);
    } else if (api == Api.COMPLETIONS && value == JsonToken.VALUE_STRING) {
      promptEnd = stringEnd(offset(json)) - 1;
    } else {
      obstacle = "the prompt is of a kind that cannot be extended";
      json.skipChildren();
    }
  }

  private void message(JsonParser json) throws IOException {
    lastContent = null;
    lastIsAssistant = false;
    String name;
    while ((name = json.nextFieldName()) != null) {
      JsonToken value = json.nextToken();
      if (name.equals("role")) {
        lastIsAssistant = value == JsonToken.VALUE_STRING && json.getText().equals("assistant");
      } else if (name.equals("content")) {
        lastContent = value == JsonToken.VALUE_STRING ? place(json, value) : null;
      }
      json.skipChildren();
    }
  }

  private void tokens(JsonParser json, JsonToken value, boolean limit) throws IOException {
    long count = StreamedChunk.count(json, value);
    if (count >= 0) {
      tokens.add(new Tokens(place(json, value), count, limit));
    } else if (value != JsonToken.VALUE_NULL) {
      obstacle = "a limit of tokens is no number";
    }
  }

  private void modalities(JsonParser json, JsonToken value) throws IOException {
    if (value == JsonToken.START_ARRAY) {
      while (json.nextToken() != JsonToken.END_ARRAY) {
        if (json.currentToken() != JsonToken.VALUE_STRING || !json.getText().equals("text")) {
          obstacle = "the request wants more than text";
        }
        json.skipChildren();
      }
    }
  }

  private void structured(JsonParser json, String name, JsonToken value) throws IOException {
    if (value == JsonToken.VALUE_NULL) {
      return;
    }
    if (name.equals("response_format") && value == JsonToken.START_OBJECT) {
      boolean text = false;
      String member;
      while ((member = json.nextFieldName()) != null) {
        JsonToken kind = json.nextToken();
        if (member.equals("type")) {
          text = kind == JsonToken.VALUE_STRING && json.getText().equals("text");
        }
        json.skipChildren();
      }
      if (text) {
        return;
      }
    }
    obstacle = "the request has " + name;
  }

  private static boolean number(JsonToken value) {
    return value == JsonToken.VALUE_NUMBER_INT;
  }

  /** Null, false, or none of them. */
  private static boolean off(JsonParser json, JsonToken value) throws IOException {
    return value == JsonToken.VALUE_NULL
        || value == JsonToken.VALUE_FALSE
        || (json.currentName().equals("top_logprobs") && number(value) && json.getLongValue() == 0);
  }

  private static boolean empty(JsonParser json, JsonToken value) throws IOException {
    if (value != JsonToken.START_ARRAY) {
      return value == JsonToken.VALUE_NULL;
    }
    boolean empty = true;
    while (json.nextToken() != JsonToken.END_ARRAY) {
      empty = false;
      json.skipChildren();
    }
    return empty;
  }

  /** The place of a scalar. */
  private Place place(JsonParser json, JsonToken value) throws IOException {
    int from = offset(json);
    return switch (value) {
      case VALUE_STRING -> new Place(from, stringEnd(from));
      case START_OBJECT, START_ARRAY -> {
        json.skipChildren();
        yield new Place(from, offset(json) + 1);
      }
      default -> new Place(from, from + json.getTextLength());
    };
  }

  /** Behind the closing quote of the string that opens at {@code quote}. */
  private int stringEnd(int quote) {
    int i = quote + 1;
    while (body[i] != '"') {
      i += body[i] == '\\' ? 2 : 1;
    }
    return i + 1;
  }

  /** Where the current token begins. */
  private static int offset(JsonParser json) {
    return (int) json.currentTokenLocation().getByteOffset();
  }
}
