package dev.caravan.request;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.util.Arrays;

/** What one pass over a prompt finds: where it opens, and what is in it that is no text. */
final class PromptFields {
  /**
   * Of a prompt that is one text, so many bytes are its opening. A chat that a client writes into
   * one text grows at its end, so that only what is shorter than its first turn stays the same;
   * what is much shorter would be the same for chats that share a preamble. Chosen without
   * experiment.
   */
  static final int OPENING_BYTES = 1024;

  private static final String ROLE = "role";

  /** As it is written, quotes and all. */
  private static final byte[] USER = {'"', 'u', 's', 'e', 'r', '"'};

  /** Depth of a chat's messages, in arrays and objects from the prompt's own. */
  private static final int MESSAGE = 2;

  private int ids;
  private int media;
  private int mediaBytes;
  private int openingEnd = BodyFields.NOWHERE;
  private boolean messages;

  /**
   * Reads a prompt to its end.
   *
   * @param parser stands at its first token
   */
  void read(JsonParser parser, JsonToken prompt, byte[] bytes, int from) throws IOException {
    ids = 0;
    media = 0;
    mediaBytes = 0;
    openingEnd = BodyFields.NOWHERE;
    messages = prompt == JsonToken.VALUE_NULL; // none at all
    int depth = prompt.isStructStart() ? 1 : 0;
    boolean array = prompt == JsonToken.START_ARRAY;
    boolean objects = !array;
    boolean user = false;
    while (depth > 0) {
      JsonToken token = parser.nextToken();
      if (token == null) {
        return; // the caller meets the end too
      }
      if (token.isStructStart()) {
        depth++;
        objects |= token == JsonToken.START_OBJECT;
        if (array && depth == MESSAGE && token == JsonToken.START_OBJECT) {
          messages = true;
          user = false;
        }
      } else if (token.isStructEnd()) {
        depth--;
        if (user && depth == MESSAGE - 1 && openingEnd < 0) {
          openingEnd = BodyFields.offset(parser) + 1;
        }
      } else if (token == JsonToken.VALUE_NUMBER_INT) {
        ids += objects ? 0 : 1;
      } else if (token == JsonToken.VALUE_STRING) {
        String field = parser.currentName();
        if (field == null) {
          continue;
        }
        if (depth == MESSAGE && messages && field.equals(ROLE)) {
          user = isUser(bytes, from + BodyFields.offset(parser));
        } else if (PromptReader.holdsMedia(field)) {
          medium(bytes, from + BodyFields.offset(parser));
        }
      }
    }
  }

  private void medium(byte[] bytes, int quote) {
    int size = JsonText.end(bytes, quote) - quote;
    if (size > PromptReader.MEDIUM_BYTES) {
      media++;
      mediaBytes += size;
    }
  }

  private static boolean isUser(byte[] bytes, int quote) {
    int end = quote + USER.length;
    return end <= bytes.length && Arrays.equals(bytes, quote, end, USER, 0, USER.length);
  }

  /**
   * About how many tokens the prompt has, as the model's template renders it: a token for each id
   * where it is of ids, otherwise by the size of the JSON.
   *
   * @param length of its JSON, in bytes
   */
  int tokens(int length) {
    return ids > 0
        ? ids
        : (length - mediaBytes) / PromptPrefix.TOKEN_BYTES + media * PromptReader.MEDIUM_TOKENS;
  }

  /**
   * How many bytes from its first say which conversation it belongs to: up to the end of the first
   * user's message, or of a plain prompt the first {@value #OPENING_BYTES}; 0 for none.
   *
   * @param start of its JSON, in bytes from the body's first
   * @param length of its JSON
   */
  int openingBytes(int start, int length) {
    if (messages) {
      return openingEnd < 0 ? 0 : openingEnd - start;
    }
    return length <= 2 ? 0 : Math.min(length, OPENING_BYTES); // two are the quotes of no text
  }
}
