package dev.caravan.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caravan.chaos.Ask.Manner;
import dev.caravan.chaos.Question.Api;
import dev.caravan.chaos.Result.End;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The suite sees what it is there to see. */
class ReadingTest {
  private static final Question QUESTION = new Question(0, Api.CHAT, "hello", 2);
  private static final Ask ASK =
      new Ask(1, Pool.of("p", "round-robin", 3), QUESTION, true, false, true, Manner.PATIENT, 0);

  private static String events(String words) {
    StringBuilder body = new StringBuilder();
    for (String word : words.split(" ", -1)) {
      String data =
          switch (word) {
            case "DONE" -> "[DONE]";
            case "ERROR" -> "{\"error\":{\"message\":\"m\",\"code\":\"c\"}}";
            case "HALF" -> "{\"choi";
            default -> "{\"choices\":[{\"delta\":{\"content\":\"" + word + "\"}}]}";
          };
      body.append("data: ").append(data).append("\n\n");
    }
    return body.toString();
  }

  @ParameterizedTest
  @CsvSource({
    "a b DONE, WHOLE",
    "a DONE, FALSE", // a silent gap
    "a x DONE, FALSE", // another server's text
    "a b c DONE, FALSE",
    "a b, FALSE", // neither the one nor the other
    "a ERROR, CUT",
    "ERROR, CUT",
    "x ERROR, FALSE",
    "a ERROR DONE, FALSE",
    "a ERROR b, FALSE",
    "a HALF ERROR, CUT",
    "HALF a ERROR, FALSE",
    "a HALF, FALSE",
    "a HALF DONE, FALSE",
    "DONE, FALSE",
  })
  void stream(String words, End end) {
    assertThat(Reading.stream(ASK, events(words), true, "ab").end()).isEqualTo(end);
  }

  @Test
  void stream_whoseBodyDidNotEnd_isFalse() {
    assertThat(Reading.stream(ASK, events("a b DONE"), false, "ab").end()).isEqualTo(End.FALSE);
  }

  @Test
  void comments_areNoEvents() {
    String body = ": ping\n\n" + events("a b DONE");
    assertThat(Reading.stream(ASK, body, true, "ab").end()).isEqualTo(End.WHOLE);
  }

  @ParameterizedTest
  @CsvSource({"ab, 2, WHOLE", "a, 2, FALSE", "ab, 1, FALSE"})
  void whole(String text, int tokens, End end) {
    String body =
        "{\"choices\":[{\"message\":{\"content\":\""
            + text
            + "\"}}],\"usage\":{\"completion_tokens\":"
            + tokens
            + "}}";
    assertThat(Reading.whole(QUESTION, body, "ab").end()).isEqualTo(end);
  }

  @Test
  void whole_thatIsNoJson_isFalse() {
    assertThat(Reading.whole(QUESTION, "{\"choices\":", "ab").end()).isEqualTo(End.FALSE);
  }
}
