package dev.caravan.route.probe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.util.stream.Stream;
import org.apache.camel.Exchange;
import org.apache.camel.impl.DefaultCamelContext;
import org.apache.camel.support.DefaultExchange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class ProbeAnswerTest {
  private final ProbeAnswer bean = new ProbeAnswer();

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{\"choices\":[{\"message\":{\"content\":\"ready\"}}]} | ready",
        "{\"choices\":[{\"text\":\"ready\"}]} | ready",
        "{\"error\":null,\"choices\":[{\"message\":{\"content\":\"ready\"}}]} | ready",
        "{\"choices\":[{\"message\":{\"content\":null,\"reasoning_content\":\"Well\"}}]} | Well",
        "{\"choices\":[{\"message\":{\"content\":\"\"},\"finish_reason\":\"length\"}],"
            + "\"usage\":{\"completion_tokens\":16}} | ``",
        "{\"data\":[{\"embedding\":[0.5,1]}]} | ``",
        "{\"data\":[{\"embedding\":\"AAAA\"}]} | ``",
      })
  void right(String body, String text) throws Exception {
    Exchange exchange = exchange(200, body);
    bean.process(exchange);
    assertThat(exchange.getMessage().getBody()).isEqualTo(text);
  }

  private static final String SAYS = "data: {\"choices\":[{\"delta\":{\"content\":\"%s\"}}]}\n\n";
  private static final String ROLE =
      "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n";
  private static final String STOP =
      "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"%s\"}]}\n\n";
  private static final String DONE = "data: [DONE]\n\n";

  static Stream<Arguments> rightStreams() {
    return Stream.of(
        arguments(ROLE + says("rea") + says("dy") + stop("stop") + DONE, "ready"),
        arguments(ROLE + says("ready") + stop("stop"), "ready"), // no [DONE]
        arguments(says("ready") + DONE, "ready"), // no finish_reason
        arguments(": ping\n\n" + says("ready") + DONE + says(" and more"), "ready"),
        arguments((says("ready") + DONE).replace("\n", "\r\n").replace("data: ", "data:"), "ready"),
        arguments("event: x\nid: 1\nretry: 9\n" + says("ready") + DONE, "ready"),
        arguments("data: {\"choices\":[{\"text\":\" ready\"}]}\n\n" + DONE, " ready"),
        arguments(says("Well").replace("content", "reasoning_content") + DONE, "Well"),
        arguments(
            says("Well").replace("content", "reasoning") + says("ready") + stop("length"), "ready"),
        arguments(ROLE + stop("length") + "data: {\"choices\":[]}\n\n" + DONE, ""));
  }

  private static String says(String text) {
    return SAYS.formatted(text);
  }

  private static String stop(String reason) {
    return STOP.formatted(reason);
  }

  @ParameterizedTest
  @MethodSource("rightStreams")
  void right_inAStream(String body, String text) throws Exception {
    Exchange exchange = exchange(200, body);
    bean.process(exchange);
    assertThat(exchange.getMessage().getBody()).isEqualTo(text);
  }

  static Stream<Arguments> wrongStreams() {
    String error = "data: {\"error\":{\"message\":\"secret text\"}}\n\n";
    return Stream.of(
        arguments(ROLE + says("rea"), "the stream has no end"),
        arguments(ROLE + says("rea") + "data: [DONE", "the stream has no end"),
        arguments(ROLE + says("ready") + error + DONE, "the stream holds an error"),
        arguments(error, "the stream holds an error"),
        arguments(ROLE + "data: <html>\n\n" + DONE, "an event is not JSON"),
        arguments("data: [1]\n\n" + DONE, "an event is not a JSON object"),
        arguments(DONE, "no choices"),
        arguments(": ping\n\n", "the stream has no end"),
        arguments(ROLE + stop("stop") + DONE, "answer has no text"));
  }

  @ParameterizedTest
  @MethodSource("wrongStreams")
  void wrong_inAStream(String body, String reason) {
    assertThatThrownBy(() -> bean.process(exchange(200, body)))
        .isInstanceOf(ProbeAnswer.WrongAnswer.class)
        .hasMessage(reason);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "500 | {} | status 500",
        "404 | {\"choices\":[]} | status 404",
        "200 | <html>It works!</html> | answer is not JSON",
        "200 | {\"choices\":[{\"message\" | answer is not JSON",
        "200 | [1] | answer is not a JSON object",
        "200 | `` | answer is empty",
        "200 | {} | no choices",
        "200 | {\"choices\":[]} | no choices",
        "200 | {\"choices\":[{\"message\":{\"content\":\" \"}}]} | answer has no text",
        "200 | {\"choices\":[{\"message\":{\"content\":\"\"},\"finish_reason\":\"length\"}]} |"
            + " answer has no text",
        "200 | {\"error\":{\"message\":\"secret text\"}} | answer is an error object",
        "200 | {\"data\":[{\"embedding\":[]}]} | embedding is empty",
      })
  void wrong(int status, String body, String reason) {
    assertThatThrownBy(() -> bean.process(exchange(status, body)))
        .isInstanceOf(ProbeAnswer.WrongAnswer.class)
        .hasMessage(reason);
  }

  @Test
  void noAnswerAtAll_isWrong() {
    assertThatThrownBy(() -> bean.process(new DefaultExchange(new DefaultCamelContext())))
        .hasMessage("there is no answer: no step before probe-answer asked a model: server");
  }

  private static Exchange exchange(int status, String body) {
    Exchange exchange = new DefaultExchange(new DefaultCamelContext());
    exchange.getMessage().setBody(body);
    exchange.getMessage().setHeader(ProbeAnswer.STATUS_HEADER, status);
    return exchange;
  }
}
