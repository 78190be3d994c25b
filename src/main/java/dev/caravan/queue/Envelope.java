package dev.caravan.queue;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonFactoryBuilder;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.util.JsonRecyclerPools;
import dev.caravan.queue.Poison.Reason;
import dev.caravan.request.Api;
import dev.caravan.request.RequestParser;
import io.netty.buffer.ByteBuf;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * A line of OpenAI's Batch API: who asks, what, and of whom. A message without the envelope is the
 * request alone.
 *
 * @param customId the sender's name for it; null where it has none
 * @param body the request: a slice of the message
 * @see <a href="https://platform.openai.com/docs/api-reference/batch/request-input">the request
 *     input object</a>
 */
record Envelope(@Nullable String customId, Api api, ByteBuf body) {
  /** The longest {@code custom_id}, in UTF-16 units; OpenAI allows 64 in other places. */
  static final int MAX_ID = 512;

  // One level more than a request may have.
  private static final JsonFactory JSON =
      new JsonFactoryBuilder()
          .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
          .recyclerPool(JsonRecyclerPools.threadLocalPool())
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(RequestParser.MAX_DEPTH + 1)
                  .maxNumberLength(RequestParser.MAX_NUMBER_LENGTH)
                  .maxNameLength(RequestParser.MAX_NAME_LENGTH)
                  .build())
          .build();

  /** What stands in the message, as far as it was read. */
  private static final class Fields {
    @Nullable String customId;
    @Nullable String method;
    @Nullable String url;
    int bodyStart = -1;
    int bodyEnd;
    boolean model;
  }

  /**
   * Reads a message.
   *
   * @param message an unpooled heap buffer
   * @param bare what a message without envelope asks for; null where there must be one
   */
  static Envelope read(ByteBuf message, @Nullable Api bare) throws Poison {
    Fields fields = fields(message);
    boolean enveloped = fields.bodyStart >= 0 || fields.url != null || fields.method != null;
    if (!enveloped || (bare != null && fields.model)) {
      if (bare == null) {
        throw new Poison(
            Reason.INVALID_MESSAGE,
            "it has no envelope (custom_id, method, url, body), and the route names no url for bare"
                + " requests");
      }
      return new Envelope(null, bare, message);
    }
    if (fields.bodyStart < 0) {
      throw new Poison(Reason.INVALID_MESSAGE, "its body is missing, or is no JSON object");
    }
    if (fields.method != null && !fields.method.equals("POST")) {
      throw new Poison(Reason.INVALID_MESSAGE, "its method is not POST");
    }
    return new Envelope(
        fields.customId,
        api(fields.url, bare),
        message.slice(message.readerIndex() + fields.bodyStart, fields.bodyEnd - fields.bodyStart));
  }

  private static Api api(@Nullable String url, @Nullable Api bare) throws Poison {
    if (url == null) {
      if (bare == null) {
        throw new Poison(Reason.INVALID_MESSAGE, "its url is missing");
      }
      return bare;
    }
    for (Api known : Api.values()) {
      if (known.path().equals(url)) {
        return known;
      }
    }
    throw new Poison(Reason.UNKNOWN_URL, "its url is none that is served");
  }

  private static Fields fields(ByteBuf message) throws Poison {
    Fields found = new Fields();
    int from = message.arrayOffset() + message.readerIndex();
    try (JsonParser json = JSON.createParser(message.array(), from, message.readableBytes())) {
      if (json.nextToken() != JsonToken.START_OBJECT) {
        throw new Poison(Reason.INVALID_MESSAGE, "it is no JSON object");
      }
      String name;
      while ((name = json.nextFieldName()) != null) {
        field(json, name, json.nextToken(), found);
      }
      if (json.nextToken() != null) {
        throw new Poison(Reason.INVALID_MESSAGE, "it goes on behind its JSON object");
      }
    } catch (IOException e) {
      throw new Poison(Reason.INVALID_MESSAGE, "it is not valid JSON");
    }
    return found;
  }

  /** Where a field stands twice, no two readers need agree which one counts: that is refused. */
  private static void field(JsonParser json, String name, JsonToken value, Fields found)
      throws IOException, Poison {
    switch (name) {
      case "custom_id" -> found.customId = text(json, value, name, found.customId);
      case "method" -> found.method = text(json, value, name, found.method);
      case "url" -> found.url = text(json, value, name, found.url);
      case "body" -> {
        if (found.bodyStart >= 0) {
          throw twice(name);
        }
        if (value == JsonToken.START_OBJECT) {
          found.bodyStart = (int) json.currentTokenLocation().getByteOffset();
          json.skipChildren();
          found.bodyEnd = (int) json.currentLocation().getByteOffset();
        } else {
          json.skipChildren();
        }
      }
      case "model" -> {
        found.model = true;
        json.skipChildren();
      }
      default -> json.skipChildren();
    }
  }

  private static String text(JsonParser json, JsonToken value, String name, @Nullable String before)
      throws IOException, Poison {
    if (before != null) {
      throw twice(name);
    }
    if (value != JsonToken.VALUE_STRING) {
      throw new Poison(Reason.INVALID_MESSAGE, "its " + name + " is no text");
    }
    if (json.getTextLength() > MAX_ID) {
      throw new Poison(
          Reason.INVALID_MESSAGE, "its " + name + " is longer than " + MAX_ID + " characters");
    }
    return json.getText();
  }

  private static Poison twice(String name) {
    return new Poison(Reason.INVALID_MESSAGE, "its " + name + " is there twice");
  }
}
