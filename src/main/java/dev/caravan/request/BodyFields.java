package dev.caravan.request;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * What one pass over a body finds: the values that fit a primitive, and the places of the strings
 * that may be wanted, as offsets of their opening quotes from the body's first byte.
 */
final class BodyFields {
  static final int NOWHERE = -1;

  private static final String MODEL = "model";
  private static final String STREAM = "stream";
  private static final String STREAM_OPTIONS = "stream_options";
  private static final String INCLUDE_USAGE = "stream_options.include_usage";
  private static final String MAX_TOKENS = "max_tokens";
  private static final String MAX_COMPLETION_TOKENS = "max_completion_tokens";
  private static final String MAX_OUTPUT_TOKENS = "max_output_tokens";

  private static final String INVALID_TYPE = "invalid_type";

  /** Digits of {@link Integer#MAX_VALUE} and a sign: what is longer cannot be in range. */
  private static final int MAX_INT_LENGTH = 11;

  int model = NOWHERE;
  boolean stream;
  boolean includeUsage;

  /** Where to ask for usage; null where the body has no {@code stream_options} to do it in. */
  @Nullable UsagePlace usagePlace;

  int maxTokens = -1;
  int maxCompletionTokens = -1;

  /** The prompt's first byte, and the one behind its last; equal where there is no prompt. */
  int promptStart;

  int promptEnd;

  /** Likewise of the tools. */
  int toolsStart;

  int toolsEnd;

  private final PromptFields prompt = new PromptFields();

  int promptCacheKey = NOWHERE;
  int previousResponseId = NOWHERE;
  int conversation = NOWHERE;
  int metadataUserId = NOWHERE;
  int user = NOWHERE;

  /**
   * Reads one whole document.
   *
   * @param parser stands before the first token of {@code bytes} from {@code from} on
   * @throws IOException if it is not JSON, or over the parser's limits
   * @throws InvalidRequest if it is not one object, or a field has a wrong type or value
   */
  void read(JsonParser parser, String promptField, byte[] bytes, int from)
      throws IOException, InvalidRequest {
    JsonToken root = parser.nextToken();
    if (root == null) {
      throw InvalidRequest.badRequest(
          "The body of your request is empty: send a JSON object.", null, null);
    }
    if (root != JsonToken.START_OBJECT) {
      throw InvalidRequest.badRequest(
          "The body of your request is " + described(root) + ": send a JSON object.", null, null);
    }
    boolean behindPrompt = false;
    boolean behindTools = false;
    while (true) {
      String name = parser.nextFieldName();
      if (behindPrompt || behindTools) {
        // Between a value and the token behind it stand only white space and one comma.
        int end = endBefore(bytes, from + offset(parser)) - from;
        promptEnd = behindPrompt ? end : promptEnd;
        toolsEnd = behindTools ? end : toolsEnd;
        behindPrompt = false;
        behindTools = false;
      }
      if (name == null) {
        break;
      }
      JsonToken value = parser.nextToken();
      if (name.equals(promptField)) {
        promptStart = offset(parser);
        behindPrompt = true;
        prompt.read(parser, value, bytes, from);
      } else if (name.equals("tools")) {
        toolsStart = offset(parser);
        behindTools = value != JsonToken.VALUE_NULL;
        toolsEnd = toolsStart;
      } else {
        readField(parser, name, value);
      }
      parser.skipChildren();
    }
    if (parser.nextToken() != null) {
      throw InvalidRequest.badRequest(
          "The body of your request goes on behind its JSON object: send one object.", null, null);
    }
  }

  /** About how many tokens the prompt and the tools have. */
  int promptTokens() {
    return prompt.tokens(promptEnd - promptStart) + toolsTokens(toolsEnd - toolsStart);
  }

  /** How many bytes of the prompt say which conversation it belongs to; 0 for none. */
  int openingBytes() {
    return prompt.openingBytes(promptStart, promptEnd - promptStart);
  }

  /** About how many tokens tools have whose JSON is that long. */
  static int toolsTokens(int bytes) {
    return bytes / PromptPrefix.TOKEN_BYTES;
  }

  /** Notes what one field of the root says; leaves objects and arrays for the caller to skip. */
  private void readField(JsonParser parser, String name, JsonToken value)
      throws IOException, InvalidRequest {
    switch (name) {
      case MODEL -> readModel(parser, value);
      case STREAM -> stream = readFlag(value, STREAM);
      case STREAM_OPTIONS -> readStreamOptions(parser, value);
      case MAX_TOKENS -> maxTokens = readTokens(parser, value, MAX_TOKENS);
      case MAX_COMPLETION_TOKENS, MAX_OUTPUT_TOKENS ->
          maxCompletionTokens = readTokens(parser, value, name);
      case "prompt_cache_key" -> promptCacheKey = string(parser, value);
      case "previous_response_id" -> previousResponseId = string(parser, value);
      case "conversation" ->
          conversation =
              value == JsonToken.START_OBJECT ? member(parser, "id") : string(parser, value);
      case "metadata" ->
          metadataUserId = value == JsonToken.START_OBJECT ? member(parser, "user_id") : NOWHERE;
      case "user" -> user = string(parser, value);
      default -> {}
    }
  }

  static InvalidRequest missingModel() {
    return InvalidRequest.badRequest(
        "Your request has no 'model': name the model that shall answer.",
        MODEL,
        "missing_required_parameter");
  }

  private void readModel(JsonParser parser, JsonToken value) throws InvalidRequest {
    if (model >= 0) {
      throw InvalidRequest.badRequest(
          "Your request has more than one 'model': which one is meant is ambiguous.", MODEL, null);
    }
    if (value == JsonToken.VALUE_NULL) {
      throw missingModel();
    }
    if (value != JsonToken.VALUE_STRING) {
      throw InvalidRequest.badRequest(
          "Your request's 'model' must be a string, but is " + described(value) + ".",
          MODEL,
          INVALID_TYPE);
    }
    model = offset(parser);
  }

  private static boolean readFlag(JsonToken value, String param) throws InvalidRequest {
    return switch (value) {
      case VALUE_TRUE -> true;
      case VALUE_FALSE, VALUE_NULL -> false;
      default ->
          throw InvalidRequest.badRequest(
              "Your request's '"
                  + param
                  + "' must be true or false, but is "
                  + described(value)
                  + ".",
              param,
              INVALID_TYPE);
    };
  }

  private void readStreamOptions(JsonParser parser, JsonToken value)
      throws IOException, InvalidRequest {
    includeUsage = false;
    int start = offset(parser);
    if (value == JsonToken.VALUE_NULL) {
      usagePlace = UsagePlace.options(start);
      return;
    }
    if (value != JsonToken.START_OBJECT) {
      throw InvalidRequest.badRequest(
          "Your request's 'stream_options' must be an object, but is " + described(value) + ".",
          STREAM_OPTIONS,
          INVALID_TYPE);
    }
    UsagePlace said = null;
    boolean empty = true;
    String name;
    while ((name = parser.nextFieldName()) != null) {
      JsonToken member = parser.nextToken();
      if (name.equals("include_usage")) {
        includeUsage = readFlag(member, INCLUDE_USAGE);
        said =
            includeUsage ? null : UsagePlace.value(offset(parser), member == JsonToken.VALUE_FALSE);
      }
      empty = false;
      parser.skipChildren();
    }
    usagePlace = said != null ? said : UsagePlace.first(start, empty);
  }

  /** A number of tokens, or -1 for null. */
  private static int readTokens(JsonParser parser, JsonToken value, String param)
      throws IOException, InvalidRequest {
    if (value == JsonToken.VALUE_NULL) {
      return -1;
    }
    if (value != JsonToken.VALUE_NUMBER_INT) {
      throw InvalidRequest.badRequest(
          "Your request's '"
              + param
              + "' must be an integer, but is "
              + (value == JsonToken.VALUE_NUMBER_FLOAT
                  ? "a number with a fraction or an exponent"
                  : described(value))
              + ".",
          param,
          INVALID_TYPE);
    }
    // JSON has no leading zeros, so a number's length bounds it: nothing long is ever converted.
    boolean fits = parser.getTextLength() <= MAX_INT_LENGTH;
    long tokens = fits ? parser.getLongValue() : Long.MAX_VALUE;
    if (tokens < 0 || (!fits && parser.getTextCharacters()[parser.getTextOffset()] == '-')) {
      throw InvalidRequest.badRequest(
          "Your request's '" + param + "' is negative.", param, "integer_below_min_value");
    }
    if (tokens > Integer.MAX_VALUE) {
      throw InvalidRequest.badRequest(
          "Your request's '" + param + "' is above " + Integer.MAX_VALUE + ".",
          param,
          "integer_above_max_value");
    }
    return (int) tokens;
  }

  /** The place of a string; of anything else, which is the model server's to judge, nowhere. */
  private static int string(JsonParser parser, JsonToken value) {
    return value == JsonToken.VALUE_STRING ? offset(parser) : NOWHERE;
  }

  /** The place of one string in the object that starts here; reads to the object's end. */
  private static int member(JsonParser parser, String wanted) throws IOException {
    int place = NOWHERE;
    String name;
    while ((name = parser.nextFieldName()) != null) {
      JsonToken value = parser.nextToken();
      if (name.equals(wanted)) {
        place = string(parser, value);
      }
      parser.skipChildren();
    }
    return place;
  }

  /** Where the current token starts, in bytes from the body's first. */
  static int offset(JsonParser parser) {
    return (int) parser.currentTokenLocation().getByteOffset();
  }

  private static int endBefore(byte[] bytes, int token) {
    int end = token;
    while (isBetweenTokens(bytes[end - 1])) {
      end--;
    }
    return end;
  }

  private static boolean isBetweenTokens(byte b) {
    return b == ' ' || b == '\n' || b == '\r' || b == '\t' || b == ',';
  }

  private static String described(JsonToken token) {
    return switch (token) {
      case START_OBJECT -> "an object";
      case START_ARRAY -> "an array";
      case VALUE_STRING -> "a string";
      case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> "a number";
      case VALUE_TRUE, VALUE_FALSE -> "a boolean";
      case VALUE_NULL -> "null";
      default -> "something else";
    };
  }
}
