package dev.caravan.limit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caravan.health.HandTicker;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;

class TokenBucketTest {
  private static final long MINUTE = TokenBucket.MINUTE_NANOS;

  /** A bucket as one would draw it: a level and the time of its last filling. */
  private static final class Drawn {
    private long level = MINUTE;
    private long filled;

    private void fill(long now) {
      level = Math.min(MINUTE, level + now - filled);
      filled = now;
    }

    long take(long cost, long now) {
      fill(now);
      if (level < cost) {
        return cost - level;
      }
      level -= cost;
      return 0;
    }

    void charge(long cost, long now) {
      fill(now);
      level = Math.min(MINUTE, level - cost);
    }
  }

  private record Step(long passMillis, int kind, long amount) {}

  @Provide
  Arbitrary<List<Step>> steps() {
    return Combinators.combine(
            Arbitraries.longs().between(0, 40_000),
            Arbitraries.integers().between(0, 2),
            Arbitraries.longs().between(0, 1_000))
        .as(Step::new)
        .list()
        .ofMaxSize(60);
  }

  @Property
  void decidesAsABucketWithALevel(
      @ForAll("steps") List<Step> steps, @ForAll @LongRange(min = 1, max = 2_000) long perMinute) {
    HandTicker ticker = new HandTicker();
    long begin = ticker.nanos();
    TokenBucket bucket = new TokenBucket(begin, false);
    Drawn drawn = new Drawn();
    long taken = 0;
    for (Step step : steps) {
      ticker.pass(step.passMillis);
      long now = ticker.nanos();
      long cost = TokenBucket.nanosFor(perMinute, Math.min(step.amount, perMinute));
      if (step.kind == 0) {
        long wait = bucket.take(cost, now);
        assertThat(wait).isEqualTo(drawn.take(cost, now - begin));
        taken += wait == 0 ? cost : 0;
      } else if (step.kind == 1) {
        bucket.charge(cost, now);
        drawn.charge(cost, now - begin);
        taken += cost;
      } else {
        // Only what was taken is ever given back.
        long back = Math.min(cost, taken);
        bucket.charge(-back, now);
        drawn.charge(-back, now - begin);
        taken -= back;
      }
      drawn.fill(now - begin);
      assertThat(bucket.fullInNanos(now)).isEqualTo(MINUTE - drawn.level);
    }
  }

  @Test
  void full_holdsExactlyOneMinute_ofAnyLimit() {
    for (long perMinute : new long[] {1, 2, 3, 7, 59, 61, 997, 1_000}) {
      TokenBucket bucket = new TokenBucket(5, false);
      for (long i = perMinute; i > 0; i--) {
        assertThat(bucket.remaining(perMinute, 5)).isEqualTo(i);
        assertThat(bucket.take(TokenBucket.nanosFor(perMinute, 1), 5)).isZero();
      }
      assertThat(bucket.remaining(perMinute, 5)).isZero();
      assertThat(bucket.take(TokenBucket.nanosFor(perMinute, 1), 5)).isPositive();
    }
  }

  @Test
  void wait_isWhenItWillBeThere() {
    TokenBucket bucket = new TokenBucket(0, false);
    assertThat(bucket.take(TokenBucket.nanosFor(60, 60), 0)).isZero();
    long second = 1_000_000_000L;
    assertThat(bucket.take(TokenBucket.nanosFor(60, 5), 0)).isEqualTo(5 * second);
    assertThat(bucket.take(TokenBucket.nanosFor(60, 5), 5 * second - 1)).isEqualTo(1);
    assertThat(bucket.take(TokenBucket.nanosFor(60, 5), 5 * second)).isZero();
  }

  @Test
  void debt_isPaidBeforeAnythingIsTaken() {
    TokenBucket bucket = new TokenBucket(0, false);
    bucket.charge(TokenBucket.nanosFor(100, 250), 0);
    assertThat(bucket.remaining(100, 0)).isZero();
    assertThat(bucket.take(TokenBucket.nanosFor(100, 1), 0))
        .isEqualTo(TokenBucket.nanosFor(100, 151));
  }

  @Test
  void debt_isADayAtMost_howeverOftenAndHoweverMuchIsCharged() {
    long start = Long.MAX_VALUE - 5; // overflows at once
    TokenBucket bucket = new TokenBucket(start, false);
    for (int i = 0; i < 100; i++) {
      bucket.charge(TokenBucket.nanosFor(1, Long.MAX_VALUE), start);
    }
    assertThat(bucket.fullInNanos(start)).isEqualTo(TokenBucket.MOST_DEBT_NANOS);
    long later = start + TokenBucket.MOST_DEBT_NANOS;
    assertThat(bucket.take(TokenBucket.nanosFor(1, 1), later)).isZero();
  }

  @Test
  void anotherLimit_findsItAsFullAsItWas() {
    TokenBucket bucket = new TokenBucket(0, false);
    assertThat(bucket.take(TokenBucket.nanosFor(100, 75), 0)).isZero();
    assertThat(bucket.remaining(1_000, 0)).isEqualTo(250);
  }

  @Test
  void manyThreads_takeNoMoreThanThereIs() throws InterruptedException {
    TokenBucket bucket = new TokenBucket(0, false);
    AtomicLong taken = new AtomicLong();
    CountDownLatch ready = new CountDownLatch(4);
    List<Thread> threads =
        IntStream.range(0, 4)
            .mapToObj(
                i ->
                    new Thread(
                        () -> {
                          ready.countDown();
                          try {
                            ready.await();
                          } catch (InterruptedException e) {
                            throw new AssertionError(e);
                          }
                          for (int n = 0; n < 5_000; n++) {
                            if (bucket.take(TokenBucket.nanosFor(8_000, 1), 0) == 0) {
                              taken.incrementAndGet();
                            }
                          }
                        }))
            .toList();
    threads.forEach(Thread::start);
    for (Thread each : threads) {
      each.join();
    }
    assertThat(taken).hasValue(8_000);
  }
}
