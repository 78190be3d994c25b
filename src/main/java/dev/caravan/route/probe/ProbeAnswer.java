package dev.caravan.route.probe;

import java.io.IOException;
import java.io.Serial;
import java.util.List;
import org.apache.camel.Exchange;
import org.apache.camel.Processor;

/**
 * The bean {@code probe-answer}: checks what a model server answered to a probe, and makes the body
 * the text of the answer, for steps that look at it. Expects the whole answer as the body, a stream
 * of events or not, and its status in the header {@value #STATUS_HEADER}. Stateless, safe for any
 * thread.
 *
 * <p>Right is: status 200, and a chat completion, completion or embedding in the shape of OpenAI's
 * API (<a href="https://platform.openai.com/docs/api-reference">reference</a>) with text in it; a
 * stream must also have come to its end. A model that reasons may have spent its few tokens before
 * it said a word: an answer cut for its length ({@code finish_reason: length}) that cost tokens is
 * right as well, with empty text.
 */
public final class ProbeAnswer implements Processor {
  /** The status of the answer, an {@link Integer}. */
  public static final String STATUS_HEADER = "caravan.status";

  private static final String DONE = "[DONE]";

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
    exchange.getMessage().setBody(EventText.is(body) ? streamed(body) : whole(body));
  }

  /** A probe's answer that is not right. Says why in a few words, never with the answer's text. */
  public static final class WrongAnswer extends Exception {
    @Serial private static final long serialVersionUID = 1L;

    WrongAnswer(String reason) {
      super(reason, null, false, false);
    }
  }

  private static String whole(String body) throws WrongAnswer {
    AnswerReading reading = new AnswerReading();
    read(reading, body, "answer");
    if (reading.error()) {
      throw new WrongAnswer("answer is an error object");
    }
    if (reading.embedding()) {
      if (reading.numbers() == 0) {
        throw new WrongAnswer("embedding is empty");
      }
      return "";
    }
    return text(reading, reading.cut() && reading.completionTokens() > 0);
  }

  private static String streamed(String body) throws WrongAnswer {
    AnswerReading reading = new AnswerReading();
    List<String> events = EventText.data(body);
    boolean done = false;
    for (String event : events) {
      if (event.strip().equals(DONE)) {
        done = true;
        break;
      }
      read(reading, event, "an event");
    }
    if (reading.error()) {
      throw new WrongAnswer("the stream holds an error");
    }
    if (!done && !reading.finished()) {
      throw new WrongAnswer("the stream has no end");
    }
    // Servers count tokens in a stream only when asked; that it was cut says that there were some.
    return text(reading, reading.cut());
  }

  private static void read(AnswerReading reading, String document, String what) throws WrongAnswer {
    try {
      if (!reading.read(document)) {
        throw new WrongAnswer(what + " is not a JSON object");
      }
    } catch (IOException e) {
      throw new WrongAnswer(what + " is not JSON");
    }
  }

  private static String text(AnswerReading reading, boolean mayBeSilent) throws WrongAnswer {
    if (!reading.choices()) {
      throw new WrongAnswer("no choices");
    }
    String text = reading.text();
    if (!text.isBlank()) {
      return text;
    }
    if (mayBeSilent) {
      return "";
    }
    throw new WrongAnswer("answer has no text");
  }
}
