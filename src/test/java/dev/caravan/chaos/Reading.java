package dev.caravan.chaos;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.caravan.chaos.Result.End;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * What a client makes of an answer with status 200: whether it is whole, honestly cut, or false.
 * Pure.
 *
 * @param detail what is wrong with it, or how it was cut
 */
record Reading(End end, String detail) {
  private static final ObjectMapper JSON = new ObjectMapper();

  /**
   * An answer in one piece that came to its proper end.
   *
   * @param expected what the server says when nothing is wrong
   */
  static Reading whole(Question question, String body, String expected) {
    try {
      JsonNode json = JSON.readTree(body);
      String said = question.said(json);
      if (!said.equals(expected)) {
        return new Reading(End.FALSE, "said " + said + " and not " + expected);
      }
      int tokens = json.at("/usage/completion_tokens").asInt(-1);
      if (question.api() != Question.Api.EMBEDDING && tokens != question.tokens()) {
        return new Reading(End.FALSE, "usage of " + tokens + " and not " + question.tokens());
      }
      return new Reading(End.WHOLE, "");
    } catch (IOException e) {
      return new Reading(End.FALSE, "not JSON: " + body);
    }
  }

  /**
   * The events of a stream.
   *
   * @param ended whether the body came to its proper end
   */
  static Reading stream(Ask ask, String body, boolean ended, String expected) {
    if (!ended) {
      return new Reading(End.FALSE, "a stream without an end: ..." + tail(body));
    }
    List<String> events = new ArrayList<>();
    for (String event : body.split("\n\n", -1)) {
      String data = event.strip();
      if (data.startsWith("data: ")) {
        events.add(data.substring("data: ".length()));
      } else if (!data.isEmpty() && !data.startsWith(":")) {
        return new Reading(End.FALSE, "not an event: " + data);
      }
    }
    if (events.isEmpty()) {
      return new Reading(End.FALSE, "a stream without an event");
    }
    String last = events.remove(events.size() - 1);
    return last.equals("[DONE]")
        ? done(ask, events, expected)
        : broken(ask, events, last, expected);
  }

  private static Reading done(Ask ask, List<String> events, String expected) {
    StringBuilder said = new StringBuilder();
    int tokens = -1;
    for (String event : events) {
      try {
        JsonNode json = JSON.readTree(event);
        if (json.has("error")) {
          return new Reading(End.FALSE, "an error, and yet [DONE]: " + event);
        }
        said.append(ask.question().added(json));
        tokens = json.at("/usage/completion_tokens").asInt(tokens);
      } catch (IOException e) {
        return new Reading(End.FALSE, "not JSON, and yet [DONE]: " + event);
      }
    }
    if (!said.toString().equals(expected)) {
      return new Reading(End.FALSE, "[DONE] after " + said + " and not " + expected);
    }
    if (ask.usage() && tokens != ask.question().tokens()) {
      return new Reading(End.FALSE, "usage of " + tokens + " and not " + ask.question().tokens());
    }
    return new Reading(End.WHOLE, "");
  }

  private static Reading broken(Ask ask, List<String> events, String last, String expected) {
    String code;
    try {
      JsonNode json = JSON.readTree(last);
      if (json.at("/error/message").asText("").isEmpty()) {
        return new Reading(End.FALSE, "neither [DONE] nor an error at the end: " + last);
      }
      code = json.at("/error/code").asText();
    } catch (IOException e) {
      return new Reading(End.FALSE, "cut without an error: " + last);
    }
    StringBuilder said = new StringBuilder();
    for (int i = 0; i < events.size(); i++) {
      try {
        said.append(ask.question().added(JSON.readTree(events.get(i))));
      } catch (IOException e) {
        // The event within which the server was lost; nothing may follow but the error.
        if (i < events.size() - 1) {
          return new Reading(End.FALSE, "not JSON in the middle: " + events.get(i));
        }
      }
    }
    return expected.startsWith(said.toString())
        ? new Reading(End.CUT, code)
        : new Reading(End.FALSE, "said " + said + ", which is not how it begins: " + expected);
  }

  private static String tail(String text) {
    return text.substring(Math.max(0, text.length() - 200));
  }
}
