package dev.caravan.resume;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Makes the events of a second server those of the answer that a first one began: its identity, one
 * role, no white space twice, and the usage of both. For one stream and one thread at a time.
 */
final class Stitch {
  private static final byte[] DATA = "data: ".getBytes(StandardCharsets.US_ASCII);

  private final Transcript told;
  private final StringBuilder fresh = new StringBuilder(64);

  /** White space that the client has and the server will say again. */
  private String white;

  private boolean dropRole;

  /**
   * For a server that goes on with an answer.
   *
   * @param white white space at the end of the answer so far that the server was not given
   */
  Stitch(Transcript told, String white) {
    this.told = told;
    this.white = white;
  }

  /**
   * The text that an event adds for the client; valid until the next call. To be asked once for
   * each event, in order.
   */
  CharSequence fresh(StreamedChunk chunk) {
    fresh.setLength(0);
    fresh.append(chunk.content);
    if (!white.isEmpty() && !fresh.isEmpty()) {
      int same = 0;
      int most = Math.min(white.length(), fresh.length());
      while (same < most && white.charAt(same) == fresh.charAt(same)) {
        same++;
      }
      fresh.delete(0, same);
      // It goes on with something else, or the rest may come with the next event.
      white = fresh.isEmpty() ? white.substring(same) : "";
    }
    return fresh;
  }

  /** Whether an event says nothing new to the client. */
  boolean empty(StreamedChunk chunk) {
    return fresh.isEmpty()
        && !chunk.finished
        && chunk.completionTokens < 0
        && chunk.obstacle == null
        && (chunk.role ? told.role : !chunk.content.isEmpty());
  }

  /**
   * Writes the event that {@link #fresh} was asked of as the client shall see it.
   *
   * @param roleTold whether the client knows whose message it is from an event before
   * @throws IOException where it is no JSON or cannot be written
   */
  void write(byte[] data, int from, int length, boolean roleTold, ByteArrayOutputStream out)
      throws IOException {
    dropRole = roleTold;
    String text = fresh.toString();
    out.writeBytes(DATA);
    try (JsonParser json = StreamedChunk.JSON.createParser(data, from, length);
        JsonGenerator to = StreamedChunk.JSON.createGenerator(out)) {
      json.nextToken();
      to.writeStartObject();
      String name;
      while ((name = json.nextFieldName()) != null) {
        root(json, name, json.nextToken(), text, to);
      }
      to.writeEndObject();
    }
    out.write('\n');
    out.write('\n');
  }

  private void root(JsonParser json, String name, JsonToken value, String text, JsonGenerator to)
      throws IOException {
    to.writeFieldName(name);
    switch (name) {
      case "id" -> replaced(json, told.id, to);
      case "model" -> replaced(json, told.model, to);
      case "system_fingerprint" -> replaced(json, told.fingerprint, to);
      case "created" -> {
        if (told.created >= 0) {
          json.skipChildren();
          to.writeNumber(told.created);
        } else {
          to.copyCurrentStructure(json);
        }
      }
      case "usage" -> usage(json, value, to);
      case "choices" -> choices(json, value, text, to);
      default -> to.copyCurrentStructure(json);
    }
  }

  private static void replaced(JsonParser json, @Nullable String by, JsonGenerator to)
      throws IOException {
    if (by != null) {
      json.skipChildren();
      to.writeString(by);
    } else {
      to.copyCurrentStructure(json);
    }
  }

  private void choices(JsonParser json, JsonToken value, String text, JsonGenerator to)
      throws IOException {
    if (value != JsonToken.START_ARRAY) {
      to.copyCurrentStructure(json);
      return;
    }
    to.writeStartArray();
    while (json.nextToken() != JsonToken.END_ARRAY) {
      if (json.currentToken() != JsonToken.START_OBJECT) {
        to.copyCurrentStructure(json);
        continue;
      }
      to.writeStartObject();
      String name;
      while ((name = json.nextFieldName()) != null) {
        JsonToken member = json.nextToken();
        to.writeFieldName(name);
        if (name.equals("delta") && member == JsonToken.START_OBJECT) {
          delta(json, text, to);
        } else if (name.equals("text") && member == JsonToken.VALUE_STRING) {
          to.writeString(text);
        } else {
          to.copyCurrentStructure(json);
        }
      }
      to.writeEndObject();
    }
    to.writeEndArray();
  }

  private void delta(JsonParser json, String text, JsonGenerator to) throws IOException {
    to.writeStartObject();
    String name;
    while ((name = json.nextFieldName()) != null) {
      JsonToken value = json.nextToken();
      if (name.equals("role") && dropRole) {
        json.skipChildren();
        continue;
      }
      to.writeFieldName(name);
      if (name.equals("content") && value == JsonToken.VALUE_STRING) {
        to.writeString(text);
      } else {
        to.copyCurrentStructure(json);
      }
    }
    to.writeEndObject();
  }

  /**
   * The usage of the whole, as the transcript has it: what this server prefilled of the answer is
   * no part of the prompt.
   */
  private void usage(JsonParser json, JsonToken value, JsonGenerator to) throws IOException {
    if (value != JsonToken.START_OBJECT) {
      to.copyCurrentStructure(json);
      return;
    }
    long prompt = told.promptTokens;
    long completion = told.tokens;
    to.writeStartObject();
    String name;
    while ((name = json.nextFieldName()) != null) {
      JsonToken member = json.nextToken();
      to.writeFieldName(name);
      switch (name) {
        case "prompt_tokens" -> number(json, prompt, to);
        case "completion_tokens" -> number(json, completion, to);
        case "total_tokens" -> number(json, prompt < 0 ? -1 : prompt + completion, to);
        case "prompt_tokens_details" -> details(json, member, prompt, to);
        default -> to.copyCurrentStructure(json);
      }
    }
    to.writeEndObject();
  }

  /** The beginning of the answer may have been in the server's cache, but was no prompt. */
  private static void details(JsonParser json, JsonToken value, long prompt, JsonGenerator to)
      throws IOException {
    if (value != JsonToken.START_OBJECT) {
      to.copyCurrentStructure(json);
      return;
    }
    to.writeStartObject();
    String name;
    while ((name = json.nextFieldName()) != null) {
      JsonToken member = json.nextToken();
      to.writeFieldName(name);
      if (name.equals("cached_tokens") && prompt >= 0 && member == JsonToken.VALUE_NUMBER_INT) {
        to.writeNumber(Math.min(prompt, StreamedChunk.count(json, member)));
      } else {
        to.copyCurrentStructure(json);
      }
    }
    to.writeEndObject();
  }

  private static void number(JsonParser json, long by, JsonGenerator to) throws IOException {
    if (by >= 0) {
      json.skipChildren();
      to.writeNumber(by);
    } else {
      to.copyCurrentStructure(json);
    }
  }
}
