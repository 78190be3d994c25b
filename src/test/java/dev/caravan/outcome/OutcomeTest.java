package dev.caravan.outcome;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caravan.outcome.Outcome.Cause;
import dev.caravan.outcome.Outcome.ClientGone;
import dev.caravan.outcome.Outcome.Completed;
import dev.caravan.outcome.Outcome.Expired;
import dev.caravan.outcome.Outcome.FailedAfter;
import dev.caravan.outcome.Outcome.FailedBefore;
import dev.caravan.outcome.Outcome.Lesson;
import dev.caravan.outcome.Outcome.Refused;
import dev.caravan.outcome.Outcome.Superseded;
import dev.caravan.outcome.Outcome.Throttled;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class OutcomeTest {

  static Stream<Outcome> everyKind() {
    return Stream.of(
        new Completed(200),
        new Completed(404),
        new Throttled(429, 2_000),
        new FailedBefore(Cause.CONNECT, "connection refused"),
        new FailedAfter(Cause.RESET, "reset after 3 events"),
        new Refused("nobody eligible"),
        new ClientGone(false),
        new ClientGone(true),
        new Expired("deadline passed in the queue"),
        new Superseded("another server was faster"));
  }

  @Test
  void everyKind_listed_coversTheSealedType() {
    assertThat(everyKind().<Class<?>>map(Outcome::getClass).distinct())
        .containsExactlyInAnyOrder(Outcome.class.getPermittedSubclasses());
  }

  @ParameterizedTest
  @MethodSource("everyKind")
  void label_everyKind_isFitForAMetric(Outcome outcome) {
    assertThat(outcome.label()).matches("[a-z]+(_[a-z]+)*");
    assertThat(outcome.detail()).isNotBlank();
  }

  @Test
  void label_causes_areDistinctAndFitForAMetric() {
    List<String> labels = Arrays.stream(Cause.values()).map(Cause::label).toList();
    assertThat(labels).doesNotHaveDuplicates().allMatch(label -> label.matches("[a-z]+(_[a-z]+)*"));
  }

  @ParameterizedTest
  @ValueSource(ints = {200, 201, 400, 401, 404, 413, 422})
  void lesson_answerBelow500_isGood(int status) {
    // An oversized prompt must not open a breaker: the server did its work.
    assertThat(new Completed(status).lesson()).isEqualTo(Lesson.GOOD);
  }

  @Test
  void label_answers_tellClientErrorsApart() {
    assertThat(new Completed(399).label()).isEqualTo("completed");
    assertThat(new Completed(400).label()).isEqualTo("client_error");
  }

  @Test
  void lesson_serverFailed_isBad() {
    assertThat(new FailedBefore(Cause.STATUS, "503").lesson()).isEqualTo(Lesson.BAD);
    assertThat(new FailedBefore(Cause.REFUSED, "nobody").lesson()).isEqualTo(Lesson.BAD);
    assertThat(new FailedAfter(Cause.IDLE_TIMEOUT, "30 s").lesson()).isEqualTo(Lesson.BAD);
  }

  @Test
  void lesson_serverNotToBlame_isNone() {
    assertThat(
            Stream.of(
                new Throttled(429, -1),
                new Refused("full"),
                new ClientGone(true),
                new Expired("late"),
                new Superseded("too late"),
                new FailedBefore(Cause.CREDENTIALS, "status 401")))
        .extracting(Outcome::lesson)
        .containsOnly(Lesson.NONE);
  }

  @Test
  void detail_throttled_saysHowLongWhereTheServerDid() {
    assertThat(new Throttled(429, 1_500).detail()).isEqualTo("status 429, retry after 1500 ms");
    assertThat(new Throttled(429, -1).detail()).isEqualTo("status 429");
  }

  @Test
  void failedBefore_noRetryAfter_isUnknown() {
    assertThat(new FailedBefore(Cause.CONNECT, "refused").retryAfterMillis()).isEqualTo(-1);
  }
}
