package dev.caravan.queue;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Where answers may go. */
class JobSettingsTest {

  @ParameterizedTest
  @CsvSource({
    "answers, answers, true",
    "answers, answers2, false",
    "answers, Answers, false",
    "answers*, answers, true",
    "answers*, answers-of-team-a, true",
    "answers*, my-answers, false",
    "*, anything, true",
    "*-answers, team-a-answers, true",
    "*-answers, team-a-answers-2, false",
    "team-*-answers, team-a-answers, true",
    "team-*-answers, team-answers, false",
    "a*b*c, aXbYc, true",
    "a*b*c, aXcYb, false",
    "answers.*, answersX, false"
  })
  void replyTo_byPattern(String pattern, String destination, boolean allowed) {
    JobSettings settings = new JobSettings(1, 1, null, 1, List.of("nothing", pattern), 1, 1, "", 1);
    assertThat(settings.mayReplyTo(destination)).isEqualTo(allowed);
  }
}
