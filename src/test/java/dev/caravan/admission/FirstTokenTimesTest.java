package dev.caravan.admission;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caravan.testing.HandScheduler;
import java.util.List;
import java.util.concurrent.TimeUnit;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class FirstTokenTimesTest {
  private final HandScheduler clock = new HandScheduler();
  private final FirstTokenTimes times = new FirstTokenTimes(clock.ticker());

  private void record(int count, long millis) {
    for (int i = 0; i < count; i++) {
      times.record(TimeUnit.MILLISECONDS.toNanos(millis));
    }
    clock.pass(250); // an older percentile is forgotten
  }

  private long p95Millis() {
    long nanos = times.p95Nanos();
    return nanos < 0 ? nanos : nanos / 1_000_000;
  }

  @Property(tries = 1_000)
  void p95_isNeverBelowTheTruth_andAnEighthAboveAtMost(
      @ForAll @Size(min = 20, max = 300)
          List<@LongRange(min = 0, max = 600_000_000L) Long> micros) {
    FirstTokenTimes fresh = new FirstTokenTimes(clock.ticker());
    clock.pass(250);
    micros.forEach(each -> fresh.record(each * 1_000));
    int rank = (micros.size() * 95 + 99) / 100;
    long truth = micros.stream().sorted().skip(rank - 1L).findFirst().orElseThrow();
    assertThat(fresh.p95Nanos() / 1_000).isBetween(truth + 1, truth + truth / 8 + 1);
  }

  @Test
  void p95_ofTooFew_isUnknown() {
    record(19, 10);
    assertThat(p95Millis()).isEqualTo(-1);
    times.record(TimeUnit.MILLISECONDS.toNanos(10));
    assertThat(p95Millis()).isBetween(10L, 11L);
  }

  @Test
  void p95_isRememberedForAMoment() {
    record(20, 10);
    assertThat(p95Millis()).isBetween(10L, 11L);
    for (int i = 0; i < 100; i++) {
      times.record(TimeUnit.SECONDS.toNanos(1));
    }
    assertThat(p95Millis()).isBetween(10L, 11L);
    clock.pass(250);
    assertThat(p95Millis()).isBetween(1_000L, 1_125L);
  }

  @Test
  void p95_forgetsWhatIsAMinuteOld() {
    record(100, 10);
    clock.pass(30_000);
    record(100, 500);
    assertThat(p95Millis()).isBetween(500L, 563L);
    record(4_000, 10);
    assertThat(p95Millis()).as("both windows count").isBetween(10L, 11L);
    clock.pass(30_000);
    record(20, 80);
    assertThat(p95Millis()).as("the slow ones are still there, and few").isBetween(10L, 11L);
    clock.pass(30_000);
    record(20, 80);
    assertThat(p95Millis()).isBetween(80L, 90L);
    clock.pass(600_000);
    assertThat(p95Millis()).isEqualTo(-1);
  }
}
