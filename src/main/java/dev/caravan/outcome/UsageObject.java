package dev.caravan.outcome;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonFactoryBuilder;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;

/**
 * Reads an OpenAI {@code usage} object: {@code prompt_tokens}, {@code completion_tokens} and {@code
 * prompt_tokens_details.cached_tokens}, or the same with {@code input} and {@code output}.
 *
 * <p>Source: OpenAI's OpenAPI description, schemas {@code CompletionUsage} and {@code
 * ResponseUsage}; model servers write the same.
 */
final class UsageObject {
  /** Digits that always fit a long. */
  private static final int MAX_DIGITS = 18;

  private static final JsonFactory JSON =
      new JsonFactoryBuilder().disable(JsonFactory.Feature.INTERN_FIELD_NAMES).build();

  private UsageObject() {}

  static Usage read(byte[] json, int length) {
    if (length == 0) {
      return Usage.UNKNOWN;
    }
    try (JsonParser parser = JSON.createParser(json, 0, length)) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        return Usage.UNKNOWN;
      }
      long prompt = -1;
      long completion = -1;
      long cached = -1;
      String name;
      while ((name = parser.nextFieldName()) != null) {
        JsonToken value = parser.nextToken();
        switch (name) {
          case "prompt_tokens", "input_tokens" -> prompt = count(parser, value);
          case "completion_tokens", "output_tokens" -> completion = count(parser, value);
          case "prompt_tokens_details", "input_tokens_details" ->
              cached = cachedTokens(parser, value);
          default -> parser.skipChildren();
        }
      }
      return new Usage(prompt, completion, cached);
    } catch (IOException e) {
      return Usage.UNKNOWN;
    }
  }

  private static long cachedTokens(JsonParser parser, JsonToken details) throws IOException {
    long cached = -1;
    if (details == JsonToken.START_OBJECT) {
      String name;
      while ((name = parser.nextFieldName()) != null) {
        JsonToken value = parser.nextToken();
        if (name.equals("cached_tokens")) {
          cached = count(parser, value);
        } else {
          parser.skipChildren();
        }
      }
    }
    return cached;
  }

  /** A count from 0; -1 for anything else. */
  private static long count(JsonParser parser, JsonToken value) throws IOException {
    if (value == JsonToken.VALUE_NUMBER_INT && parser.getTextLength() <= MAX_DIGITS) {
      return Math.max(-1, parser.getLongValue());
    }
    parser.skipChildren();
    return -1;
  }
}
