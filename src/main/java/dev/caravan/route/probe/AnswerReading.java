package dev.caravan.route.probe;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;

/**
 * What an answer in the shape of OpenAI's API holds, as far as a probe cares: in one document, or
 * put together from the chunks of a stream. For one answer.
 */
final class AnswerReading {
  private static final JsonFactory JSON = new JsonFactory();

  private final StringBuilder said = new StringBuilder();
  private final StringBuilder thought = new StringBuilder();
  private boolean choices;
  private boolean data;
  private boolean error;
  private String finish = "";
  private int completionTokens;
  private int numbers;

  /**
   * Takes a document.
   *
   * @return false where it is not a JSON object
   * @throws IOException where it is not JSON
   */
  boolean read(String document) throws IOException {
    try (JsonParser json = JSON.createParser(document)) {
      if (json.nextToken() != JsonToken.START_OBJECT) {
        return false;
      }
      for (JsonToken token = json.nextToken(); token != null; token = json.nextToken()) {
        see(token, json);
      }
      return true;
    }
  }

  private void see(JsonToken token, JsonParser json) throws IOException {
    switch (json.getParsingContext().pathAsPointer().toString()) {
      case "/choices/0" -> choices = true;
      case "/data/0" -> data = true;
      case "/error" -> error |= token != JsonToken.VALUE_NULL && token != JsonToken.FIELD_NAME;
      case "/choices/0/message/content", "/choices/0/delta/content", "/choices/0/text" ->
          append(said, token, json);
      case "/choices/0/message/reasoning_content",
          "/choices/0/message/reasoning",
          "/choices/0/delta/reasoning_content",
          "/choices/0/delta/reasoning" ->
          append(thought, token, json);
      case "/choices/0/finish_reason" -> {
        if (token == JsonToken.VALUE_STRING) {
          finish = json.getText();
        }
      }
      case "/usage/completion_tokens" -> {
        if (token == JsonToken.VALUE_NUMBER_INT) {
          completionTokens = json.getIntValue();
        }
      }
      case "/data/0/embedding" -> {
        if (token == JsonToken.START_ARRAY) {
          numbers = numbersOf(json);
        } else if (token == JsonToken.VALUE_STRING) {
          numbers = json.getText().length(); // base64
        }
      }
      default -> {} // nothing that matters here
    }
  }

  private static void append(StringBuilder text, JsonToken token, JsonParser json)
      throws IOException {
    if (token == JsonToken.VALUE_STRING) {
      text.append(json.getText());
    }
  }

  private static int numbersOf(JsonParser json) throws IOException {
    int count = 0;
    while (json.nextToken() != JsonToken.END_ARRAY) {
      count++;
    }
    return count;
  }

  /** Whether it is an error, or holds one. */
  boolean error() {
    return error;
  }

  /** Whether it says why it ended. */
  boolean finished() {
    return !finish.isEmpty();
  }

  /** Whether it was cut at its most tokens. */
  boolean cut() {
    return finish.equals("length");
  }

  boolean choices() {
    return choices;
  }

  /** Whether it is an embedding. */
  boolean embedding() {
    return data;
  }

  /** Numbers of the embedding. */
  int numbers() {
    return numbers;
  }

  /** Output tokens as it counts them itself, or 0. */
  int completionTokens() {
    return completionTokens;
  }

  /** What was said, or else what was thought; blank for nothing. */
  String text() {
    return said.toString().isBlank() ? thought.toString() : said.toString();
  }
}
