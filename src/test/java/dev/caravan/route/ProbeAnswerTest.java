package dev.caravan.route;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.apache.camel.Exchange;
import org.apache.camel.impl.DefaultCamelContext;
import org.apache.camel.support.DefaultExchange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

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
