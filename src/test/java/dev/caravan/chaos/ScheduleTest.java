package dev.caravan.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caravan.chaos.Schedule.Injection;
import dev.caravan.chaos.Schedule.Round;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ScheduleTest {
  private static final List<Kind> ALL = Arrays.asList(Kind.values());

  private static Schedule draw(int servers, long seed) {
    return Schedule.draw(Pool.of("p", "round-robin", servers), ALL, 2, 1, seed);
  }

  @Test
  void sameSeed_sameSchedule() {
    assertThat(draw(4, 7)).isEqualTo(draw(4, 7)).isNotEqualTo(draw(4, 8));
    assertThat(draw(4, 7).toString()).isEqualTo(draw(4, 7).toString());
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
  void everyRound_leavesItsGuardAlone_andTouchesNobodyTwice(long seed) {
    for (int servers = 3; servers <= 5; servers++) {
      for (Round round : draw(servers, seed).rounds()) {
        List<String> touched = round.injections().stream().map(Injection::server).toList();
        assertThat(touched).doesNotHaveDuplicates().doesNotContain(round.guard()).isNotEmpty();
      }
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
  void everyKind_happensOnceAlone_andTwiceTogether_whereItCan(long seed) {
    Schedule schedule = draw(4, seed);
    for (Kind kind : Kind.values()) {
      List<Injection> its =
          schedule.rounds().stream()
              .flatMap(round -> round.injections().stream())
              .filter(injection -> injection.kind() == kind)
              .toList();
      assertThat(its).hasSize(3);
      assertThat(its)
          .allMatch(each -> kind.reach().reaches(schedule.pool().proxied(each.server())));
    }
    assertThat(schedule.rounds().stream().filter(Round::alone).count())
        .isGreaterThanOrEqualTo(ALL.size());
  }

  @Test
  void guard_isAnotherOneInEachRound() {
    Schedule schedule = draw(4, 1);
    List<Round> together = schedule.rounds().subList(ALL.size(), schedule.rounds().size());
    for (int i = 1; i < together.size(); i++) {
      assertThat(together.get(i).guard()).isNotEqualTo(together.get(i - 1).guard());
    }
  }
}
