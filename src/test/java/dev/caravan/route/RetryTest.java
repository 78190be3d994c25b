package dev.caravan.route;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caravan.time.Chance;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class RetryTest {

  @Property
  void backoff_isFromNothingToABoundThatDoubles(
      @ForAll long seed, @ForAll @IntRange(min = 1, max = 1_000) int retry) {
    long nanos = Retry.backoffNanos(retry, Chance.seeded(seed));
    double bound =
        Math.min((double) Retry.CAP_NANOS, (double) Retry.BASE_NANOS * Math.pow(2, retry - 1));
    assertThat((double) nanos).isGreaterThanOrEqualTo(0).isLessThan(bound);
  }

  @Test
  void backoff_usesAllOfItsRange() {
    Chance chance = Chance.seeded(7);
    long least = Long.MAX_VALUE;
    long most = 0;
    for (int i = 0; i < 1_000; i++) {
      long nanos = Retry.backoffNanos(1, chance);
      least = Math.min(least, nanos);
      most = Math.max(most, nanos);
    }
    assertThat(least).isLessThan(Retry.BASE_NANOS / 50);
    assertThat(most).isGreaterThan(Retry.BASE_NANOS * 49 / 50);
  }
}
