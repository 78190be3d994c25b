package dev.caravan.replay;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class TimelineTest {
  private final Timeline timeline = new Timeline();
  private final List<String> done = new ArrayList<>();

  private void note(String what) {
    done.add(what + "@" + timeline.nanos());
  }

  @Test
  void tasks_runByTimeThenInTheirOrder() {
    timeline.at(5_000_000, () -> note("c"));
    timeline.schedule(() -> note("a"), 2);
    timeline.schedule(
        () -> {
          note("b");
          timeline.at(0, () -> note("late, so now"));
        },
        2);
    while (timeline.nextNanos() != Long.MAX_VALUE) {
      timeline.runNext();
    }
    assertThat(done).containsExactly("a@2000000", "b@2000000", "late, so now@2000000", "c@5000000");
  }

  @Test
  void calledOff_neverRuns() {
    Runnable cancel = timeline.schedule(() -> note("a"), 1);
    timeline.schedule(() -> note("b"), 2);
    cancel.run();
    assertThat(timeline.nextNanos()).isEqualTo(2_000_000);
    timeline.runNext();
    cancel.run();
    assertThat(timeline.nextNanos()).isEqualTo(Long.MAX_VALUE);
    assertThat(done).containsExactly("b@2000000");
  }

  @Test
  void time_neverGoesBack() {
    timeline.advanceTo(10);
    timeline.advanceTo(3);
    assertThat(timeline.nanos()).isEqualTo(10);
  }
}
