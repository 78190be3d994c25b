package dev.caravan.route;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.io.Serial;
import org.apache.camel.Exchange;
import org.apache.camel.Processor;
import org.jspecify.annotations.Nullable;

/**
 * The bean {@code probe-answer}: checks what a model server answered to a probe, and makes the body
 * the text of the answer, for steps that look at it. Expects the whole answer as the body and its
 * status in the header {@value #STATUS_HEADER}. Stateless, safe for any thread.
 *
 * <p>Right is: status 200, and a chat completion, completion or embedding in the shape of OpenAI's
 * API (<a href="https://platform.openai.com/docs/api-reference">reference</a>) with text in it. A
 * model that reasons may have spent its few tokens before it said a word: an answer cut for its
 * length ({@code finish_reason: length}) that cost tokens is right as well, with empty text.
 */
public final class ProbeAnswer implements Processor {
  /** The status of the answer, an {@link Integer}. */
  public static final String STATUS_HEADER = "caravan.status";

  private static final JsonFactory JSON = new JsonFactory();

  @Override
  public void process(Exchange exchange) throws WrongAnswer {
    Integer status = exchange.getMessage().getHeader(STATUS_HEADER, Integer.class);
    if (status == null) {
      throw new WrongAnswer(
          "there is no answer: no step before probe-answer asked a model: server");
    }
    if (status != 200) {
      throw new WrongAnswer("status " + status);
    }
    String body = exchange.getMessage().getBody(String.class);
    if (body == null || body.isBlank()) {
      throw new WrongAnswer("answer is empty");
    }
    exchange.getMessage().setBody(new Reading().text(body));
  }

  /** A probe's answer that is not right. Says why in a few words, never with the answer's text. */
  public static final class WrongAnswer extends Exception {
    @Serial private static final long serialVersionUID = 1L;

    WrongAnswer(String reason) {
      super(reason, null, false, false);
    }
  }

  /** What one answer holds, as far as it matters. */
  private static final class Reading {
    private boolean choices;
    private boolean data;
    private boolean error;
    private boolean cut;
    private int completionTokens;
    private int numbers;
    private @Nullable String said;
    private @Nullable String thought;

    String text(String body) throws WrongAnswer {
      try (JsonParser json = JSON.createParser(body)) {
        if (json.nextToken() != JsonToken.START_OBJECT) {
          throw new WrongAnswer("answer is not a JSON object");
        }
        for (JsonToken token = json.nextToken(); token != null; token = json.nextToken()) {
          see(token, json);
        }
      } catch (IOException e) {
        throw new WrongAnswer("answer is not JSON");
      }
      return verdict();
    }

    private void see(JsonToken token, JsonParser json) throws IOException {
      switch (json.getParsingContext().pathAsPointer().toString()) {
        case "/choices/0" -> choices = true;
        case "/data/0" -> data = true;
        case "/error" -> error |= token != JsonToken.VALUE_NULL && token != JsonToken.FIELD_NAME;
        case "/choices/0/message/content", "/choices/0/text" -> said = text(token, json, said);
        case "/choices/0/message/reasoning_content", "/choices/0/message/reasoning" ->
            thought = text(token, json, thought);
        case "/choices/0/finish_reason" -> cut |= "length".equals(text(token, json, null));
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

    private static @Nullable String text(
        JsonToken token, JsonParser json, @Nullable String otherwise) throws IOException {
      return token == JsonToken.VALUE_STRING && !json.getText().isBlank()
          ? json.getText()
          : otherwise;
    }

    private static int numbersOf(JsonParser json) throws IOException {
      int count = 0;
      while (json.nextToken() != JsonToken.END_ARRAY) {
        count++;
      }
      return count;
    }

    private String verdict() throws WrongAnswer {
      if (error) {
        throw new WrongAnswer("answer is an error object");
      }
      if (data) {
        if (numbers == 0) {
          throw new WrongAnswer("embedding is empty");
        }
        return "";
      }
      if (!choices) {
        throw new WrongAnswer("no choices");
      }
      if (said != null) {
        return said;
      }
      if (thought != null) {
        return thought;
      }
      if (cut && completionTokens > 0) {
        return "";
      }
      throw new WrongAnswer("answer has no text");
    }
  }
}
