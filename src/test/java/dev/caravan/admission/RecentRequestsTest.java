package dev.caravan.admission;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caravan.testing.HandScheduler;
import dev.caravan.testing.Together;
import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class RecentRequestsTest {
  private static final long WINDOW_MILLIS = RecentRequests.WINDOW_NANOS / 1_000_000;
  private static final long SLOT_MILLIS = RecentRequests.SLOT_NANOS / 1_000_000;

  @Property(tries = 500)
  void count_isWithinASlotOfTheTruth_andNeverAbove(
      @ForAll @Size(max = 200) List<@IntRange(max = 1_500) Integer> pauses) {
    HandScheduler clock = new HandScheduler();
    RecentRequests requests = new RecentRequests(clock.ticker());
    List<Long> arrivals = new ArrayList<>();
    for (int pause : pauses) {
      clock.pass(pause);
      requests.arrived(clock.ticker().nanos());
      arrivals.add(clock.nowMillis());
      long now = clock.nowMillis();
      assertThat(requests.count(clock.ticker().nanos()))
          .isBetween(
              arrivals.stream().filter(at -> now - at < WINDOW_MILLIS - SLOT_MILLIS).count(),
              arrivals.stream().filter(at -> now - at < WINDOW_MILLIS).count());
    }
  }

  @Test
  void arrived_onSeveralLoops_losesNobody() {
    HandScheduler clock = new HandScheduler();
    RecentRequests requests = new RecentRequests(clock.ticker());
    clock.pass(SLOT_MILLIS + 1); // the first of them all begins a slot
    Together.run(
        4,
        () -> {
          for (int i = 0; i < 10_000; i++) {
            requests.arrived(clock.ticker().nanos());
          }
          return 0;
        });
    assertThat(requests.count(clock.ticker().nanos())).isEqualTo(40_000);
  }
}
