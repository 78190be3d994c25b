package dev.caravan.resume;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.caravan.request.Api;
import java.io.IOException;
import java.io.StringWriter;

/** The events that a server did not live to send. */
final class Ending {
  static final String DONE = "data: [DONE]\n\n";

  private Ending() {}

  /** Says that the answer ends where its limit of tokens is reached. */
  static String length(Api api, Transcript told) {
    boolean chat = api == Api.CHAT_COMPLETIONS;
    StringWriter text = new StringWriter();
    try (JsonGenerator to = StreamedChunk.JSON.createGenerator(text)) {
      to.writeStartObject();
      to.writeStringField("id", told.id == null ? "" : told.id);
      to.writeStringField("object", chat ? "chat.completion.chunk" : "text_completion");
      to.writeNumberField("created", Math.max(0, told.created));
      to.writeStringField("model", told.model == null ? "" : told.model);
      to.writeArrayFieldStart("choices");
      to.writeStartObject();
      to.writeNumberField("index", 0);
      if (chat) {
        to.writeObjectFieldStart("delta");
        to.writeEndObject();
      } else {
        to.writeStringField("text", "");
      }
      to.writeNullField("logprobs");
      to.writeStringField("finish_reason", "length");
      to.writeEndObject();
      to.writeEndArray();
      to.writeEndObject();
    } catch (IOException e) {
      throw new IllegalStateException("writing to memory failed", e);
    }
    return "data: " + text + "\n\n";
  }
}
