package dev.caravan.simulator;

import com.fasterxml.jackson.core.io.JsonStringEncoder;
import dev.caravan.simulator.OpenAiRequest.Operation;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The JSON that vLLM's OpenAI-compatible server writes. Pure. Source: vLLM's {@code protocol.py}.
 */
final class OpenAiWire {

  /** Tokens of a request, as {@code usage} says them. */
  record Usage(int promptTokens, int completionTokens, int cachedTokens) {

    private String json() {
      return "{\"prompt_tokens\":"
          + promptTokens
          + ",\"total_tokens\":"
          + (promptTokens + completionTokens)
          + ",\"completion_tokens\":"
          + completionTokens
          + ",\"prompt_tokens_details\":{\"cached_tokens\":"
          + cachedTokens
          + "}}";
    }
  }

  private OpenAiWire() {}

  static String error(int status, String type, String message, @Nullable String param) {
    return "{\"error\":{\"message\":"
        + quoted(message)
        + ",\"type\":"
        + quoted(type)
        + ",\"param\":"
        + (param == null ? "null" : quoted(param))
        + ",\"code\":"
        + status
        + "}}";
  }

  /** What all chunks of a stream begin with. */
  static String chunkHead(Operation operation, String id, long createdSeconds, String model) {
    String object = operation == Operation.CHAT ? "chat.completion.chunk" : "text_completion";
    return head(id, object, createdSeconds, model) + ",\"choices\":[";
  }

  /** The first chunk of a chat. */
  static String roleChunk(String chunkHead) {
    return chunkHead
        + "{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"logprobs\":null,"
        + "\"finish_reason\":null}]}";
  }

  static String tokenChunk(
      Operation operation, String chunkHead, String token, @Nullable String finishReason) {
    StringBuilder json = new StringBuilder(chunkHead.length() + 128).append(chunkHead);
    boolean chat = operation == Operation.CHAT;
    json.append(chat ? "{\"index\":0,\"delta\":{\"content\":\"" : "{\"index\":0,\"text\":\"");
    JsonStringEncoder.getInstance().quoteAsString(token, json);
    json.append(chat ? "\"},\"logprobs\":null,\"finish_reason\":" : "\",\"logprobs\":null,");
    json.append(chat ? "" : "\"finish_reason\":");
    if (finishReason == null) {
      json.append(chat ? "null" : "null,\"stop_reason\":null");
    } else {
      json.append('"').append(finishReason).append("\",\"stop_reason\":null");
    }
    return json.append("}]}").toString();
  }

  static String usageChunk(String chunkHead, Usage usage) {
    return chunkHead + "],\"usage\":" + usage.json() + "}";
  }

  static String completion(
      Operation operation,
      String id,
      long createdSeconds,
      String model,
      String text,
      String finishReason,
      Usage usage) {
    boolean chat = operation == Operation.CHAT;
    String object = chat ? "chat.completion" : "text_completion";
    String content =
        chat
            ? "\"message\":{\"role\":\"assistant\",\"content\":"
                + quoted(text)
                + ",\"refusal\":null,\"annotations\":null,\"audio\":null,\"function_call\":null,"
                + "\"tool_calls\":[],\"reasoning_content\":null}"
            : "\"text\":" + quoted(text);
    return head(id, object, createdSeconds, model)
        + ",\"choices\":[{\"index\":0,"
        + content
        + ",\"logprobs\":null,\"finish_reason\":\""
        + finishReason
        + "\",\"stop_reason\":null}],\"service_tier\":null,\"system_fingerprint\":null,\"usage\":"
        + usage.json()
        + ",\"prompt_logprobs\":null,\"kv_transfer_params\":null}";
  }

  /**
   * The answer to an embedding request.
   *
   * @param vectors each as JSON: a list of numbers, or a text in base64
   */
  static String embeddings(
      String id, long createdSeconds, String model, List<String> vectors, int promptTokens) {
    StringBuilder json = new StringBuilder(head(id, "list", createdSeconds, model));
    json.append(",\"data\":[");
    for (int i = 0; i < vectors.size(); i++) {
      json.append(i == 0 ? "" : ",").append("{\"index\":").append(i);
      json.append(",\"object\":\"embedding\",\"embedding\":").append(vectors.get(i)).append('}');
    }
    return json.append("],\"usage\":{\"prompt_tokens\":")
        .append(promptTokens)
        .append(",\"total_tokens\":")
        .append(promptTokens)
        .append(",\"completion_tokens\":0,\"prompt_tokens_details\":null}}")
        .toString();
  }

  static String models(List<String> names, long createdSeconds, long maxModelTokens) {
    StringBuilder json = new StringBuilder("{\"object\":\"list\",\"data\":[");
    for (int i = 0; i < names.size(); i++) {
      json.append(i == 0 ? "" : ",").append("{\"id\":").append(quoted(names.get(i)));
      json.append(",\"object\":\"model\",\"created\":").append(createdSeconds);
      json.append(",\"owned_by\":\"vllm\",\"root\":").append(quoted(names.get(0)));
      json.append(",\"parent\":null,\"max_model_len\":").append(maxModelTokens).append('}');
    }
    return json.append("]}").toString();
  }

  /** A JSON text with its quotes. */
  static String quoted(String text) {
    StringBuilder json = new StringBuilder(text.length() + 16).append('"');
    JsonStringEncoder.getInstance().quoteAsString(text, json);
    return json.append('"').toString();
  }

  private static String head(String id, String object, long createdSeconds, String model) {
    return "{\"id\":"
        + quoted(id)
        + ",\"object\":\""
        + object
        + "\",\"created\":"
        + createdSeconds
        + ",\"model\":"
        + quoted(model);
  }
}
