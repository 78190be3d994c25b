package dev.caravan.simulator;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.DecodeException;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a simulated server reads of an OpenAI request. Immutable.
 *
 * @param model as the client wrote it, or null if it did not
 * @param prompt the text whose tokens are prefilled, rendered by a simple chat template, the
 *     beginning of the answer included
 * @param begun the beginning of the answer, to be continued; empty for a new one
 * @param said what the user said last
 * @param inputs the texts to embed; empty for the other operations
 * @param stream whether the answer is wanted as server-sent events
 * @param includeUsage {@code stream_options.include_usage}
 * @param maxTokens the most output tokens, or -1 where the client did not say
 * @param minTokens vLLM's {@code min_tokens}; the most where {@code ignore_eos} is set
 * @param dimensions of an embedding, or -1
 * @param base64 whether embeddings are wanted in base64
 */
record OpenAiRequest(
    Operation operation,
    @Nullable String model,
    String prompt,
    String begun,
    String said,
    List<String> inputs,
    boolean stream,
    boolean includeUsage,
    int maxTokens,
    int minTokens,
    int dimensions,
    boolean base64) {

  /** The operations of the API that a simulated server knows. */
  enum Operation {
    CHAT,
    COMPLETION,
    EMBEDDING
  }

  /** vLLM's default of {@code max_tokens} for {@code /v1/completions}. */
  private static final int COMPLETION_MAX_TOKENS = 16;

  static OpenAiRequest parse(Operation operation, Buffer body) throws Refusal {
    JsonObject json;
    try {
      json = new JsonObject(body);
    } catch (DecodeException e) {
      throw Refusal.invalid(
          "[{'type': 'json_invalid', 'loc': ('body', 0), 'msg': 'JSON decode error'}]");
    } catch (ClassCastException e) {
      throw Refusal.invalid(
          "[{'type': 'model_attributes_type', 'loc': ('body',), 'msg': 'Input should be a valid"
              + " dictionary or object to extract fields from'}]");
    }
    try {
      return read(operation, json);
    } catch (ClassCastException e) {
      throw Refusal.invalid("[{'type': 'type_error', 'loc': ('body',), 'msg': 'Wrong type'}]");
    }
  }

  private static OpenAiRequest read(Operation operation, JsonObject json) throws Refusal {
    String model = string(json, "model");
    StringBuilder prompt = new StringBuilder();
    List<String> inputs = new ArrayList<>();
    String said;
    String begun = "";
    switch (operation) {
      case CHAT -> {
        begun = begun(json);
        said = chat(json, prompt, flag(json, "continue_final_message"));
      }
      case COMPLETION -> {
        List<String> texts = texts(json, "prompt");
        if (texts.size() != 1) {
          throw Refusal.badRequest("a simulated server answers one prompt a request", "prompt");
        }
        said = texts.get(0);
        prompt.append(said);
      }
      default -> {
        inputs = texts(json, "input");
        inputs.forEach(prompt::append);
        said = "";
      }
    }
    int maxTokens = integer(json, "max_completion_tokens", integer(json, "max_tokens", -1));
    if (maxTokens != -1 && maxTokens < 1) {
      throw Refusal.badRequest("max_tokens must be at least 1, got " + maxTokens + ".", null);
    }
    if (maxTokens == -1 && operation == Operation.COMPLETION) {
      maxTokens = COMPLETION_MAX_TOKENS;
    }
    boolean ignoreEos = flag(json, "ignore_eos");
    JsonObject options = json.getJsonObject("stream_options");
    int dimensions = integer(json, "dimensions", -1);
    if (dimensions != -1 && dimensions < 1) {
      throw Refusal.badRequest("dimensions must be at least 1, got " + dimensions, "dimensions");
    }
    return new OpenAiRequest(
        operation,
        model,
        prompt.toString(),
        begun,
        said,
        List.copyOf(inputs),
        flag(json, "stream"),
        options != null && flag(options, "include_usage"),
        maxTokens,
        ignoreEos ? Integer.MAX_VALUE : integer(json, "min_tokens", 0),
        dimensions,
        "base64".equals(string(json, "encoding_format")));
  }

  /** What {@code continue_final_message} asks to be continued, as vLLM checks and reads it. */
  private static String begun(JsonObject json) throws Refusal {
    if (!flag(json, "continue_final_message")) {
      return "";
    }
    if (json.getValue("add_generation_prompt") == null || flag(json, "add_generation_prompt")) {
      throw Refusal.badRequest(
          "Cannot set both `continue_final_message` and `add_generation_prompt` to True.", null);
    }
    JsonArray messages = json.getJsonArray("messages");
    JsonObject last =
        messages == null || messages.isEmpty() ? null : messages.getJsonObject(messages.size() - 1);
    if (last == null || !"assistant".equals(string(last, "role"))) {
      throw Refusal.badRequest("continue_final_message needs a last message to continue", null);
    }
    return content(last.getValue("content"));
  }

  private static String chat(JsonObject json, StringBuilder prompt, boolean continued)
      throws Refusal {
    JsonArray messages = json.getJsonArray("messages");
    if (messages == null) {
      throw missing("messages");
    }
    String said = "";
    for (int i = 0; i < messages.size(); i++) {
      JsonObject message = messages.getJsonObject(i);
      String role = message == null ? null : string(message, "role");
      if (message == null || role == null) {
        throw missing("messages', " + i + ", 'role");
      }
      String content = content(message.getValue("content"));
      if (continued && i == messages.size() - 1) {
        prompt.append("<|assistant|>").append(content);
        return said;
      }
      prompt.append("<|").append(role).append("|>").append(content).append("<|end|>");
      if (role.equals("user")) {
        said = content;
      }
    }
    prompt.append("<|assistant|>");
    return said;
  }

  private static String content(@Nullable Object content) throws Refusal {
    if (content == null) {
      return "";
    }
    if (content instanceof String text) {
      return text;
    }
    if (!(content instanceof JsonArray parts)) {
      throw Refusal.invalid(
          "[{'type': 'string_type', 'loc': ('body', 'messages', 'content'), 'msg': 'Input should be"
              + " a valid string'}]");
    }
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < parts.size(); i++) {
      JsonObject part = parts.getJsonObject(i);
      String words = string(part, "text");
      text.append(words == null ? part.encode() : words);
    }
    return text.toString();
  }

  /** A text, a list of texts, a list of token numbers, or a list of such lists. */
  private static List<String> texts(JsonObject json, String field) throws Refusal {
    Object value = json.getValue(field);
    if (value == null) {
      throw missing(field);
    }
    if (value instanceof String text) {
      return List.of(text);
    }
    if (!(value instanceof JsonArray list) || list.isEmpty()) {
      throw Refusal.badRequest(field + " must be a text or a list, and not empty", field);
    }
    if (list.getValue(0) instanceof Number) {
      return List.of(tokenText(list));
    }
    List<String> texts = new ArrayList<>();
    for (int i = 0; i < list.size(); i++) {
      Object one = list.getValue(i);
      texts.add(one instanceof JsonArray tokens ? tokenText(tokens) : (String) one);
    }
    return texts;
  }

  /** Four characters for each token number, so that it counts as one token. */
  private static String tokenText(JsonArray tokens) {
    StringBuilder text = new StringBuilder(tokens.size() * PromptBlocks.TOKEN_BYTES);
    for (int i = 0; i < tokens.size(); i++) {
      int number = ((Number) tokens.getValue(i)).intValue() & 0xFFFFF;
      for (int shift = 15; shift >= 0; shift -= 5) {
        text.append((char) ('@' + ((number >>> shift) & 31)));
      }
    }
    return text.toString();
  }

  private static @Nullable String string(JsonObject json, String field) {
    return (String) json.getValue(field);
  }

  private static boolean flag(JsonObject json, String field) {
    Object value = json.getValue(field);
    return value != null && (Boolean) value;
  }

  private static int integer(JsonObject json, String field, int absent) {
    Object value = json.getValue(field);
    return value == null ? absent : ((Number) value).intValue();
  }

  private static Refusal missing(String field) {
    return Refusal.invalid(
        "[{'type': 'missing', 'loc': ('body', '" + field + "'), 'msg': 'Field required'}]");
  }
}
