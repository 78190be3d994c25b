package dev.caravan.admission;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.caravan.health.HandTicker;
import dev.caravan.testing.CapturedLog;
import dev.caravan.testing.Together;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AdmissionTest {
  private final HandTicker ticker = new HandTicker();
  private final HandMemory memory = new HandMemory();

  /** Memory that a test fills. */
  private static final class HandMemory implements Memory {
    double direct;
    double heap;

    @Override
    public double direct() {
      return direct;
    }

    @Override
    public double heap() {
      return heap;
    }
  }

  // ---- event loops

  /** Lets a measurement come so much too late. */
  private void beat(LoopWatch loop, long lateMillis) {
    loop.next();
    ticker.pass(LoopWatch.PERIOD_MILLIS + lateMillis);
    loop.beat();
  }

  @Test
  void loop_lateTwiceInARow_lags_untilItIsTwiceBelowHalf() {
    LoopWatch loop = new LoopWatch(ticker, 500);
    beat(loop, 501);
    assertThat(loop.lagging()).as("once: a collection, say").isFalse();
    beat(loop, 0);
    beat(loop, 2_000);
    assertThat(loop.lagging()).as("once again").isFalse();
    beat(loop, 501);
    assertThat(loop.lagging()).isTrue();
    beat(loop, 251);
    assertThat(loop.lagging()).as("better, not well").isTrue();
    beat(loop, 250);
    assertThat(loop.lagging()).as("well once").isTrue();
    beat(loop, 0);
    assertThat(loop.lagging()).isFalse();
    beat(loop, 400);
    beat(loop, 500);
    assertThat(loop.lagging()).as("at the limit is not above it").isFalse();
  }

  @Test
  void loop_lag_isWhatItWas_orIsByNow() {
    LoopWatch loop = new LoopWatch(ticker, 500);
    beat(loop, 40);
    assertThat(loop.lagNanos()).isEqualTo(40_000_000);
    loop.next();
    ticker.pass(LoopWatch.PERIOD_MILLIS + 3_000);
    assertThat(loop.lagNanos()).as("it has not come since").isEqualTo(3_000_000_000L);
  }

  @Test
  void loop_withoutLimit_neverLags() {
    LoopWatch loop = new LoopWatch(ticker, 0);
    beat(loop, 1_000_000);
    beat(loop, 1_000_000);
    assertThat(loop.lagging()).isFalse();
  }

  // ---- memory

  @Test
  void memory_direct_isShortAboveTheLimit_untilTenPercentBelow() {
    MemoryWatch watch = new MemoryWatch(memory, ticker, 0.85);
    memory.direct = 0.85;
    watch.look();
    assertThat(watch.isShort()).isFalse();
    memory.direct = 0.86;
    watch.look();
    assertThat(watch.isShort()).isTrue();
    memory.direct = 0.76;
    watch.look();
    assertThat(watch.isShort()).isTrue();
    memory.direct = 0.74;
    watch.look();
    assertThat(watch.isShort()).isFalse();
  }

  @Test
  void memory_heap_thatIsNotMeasuredAgain_isNotBelievedForEver() {
    MemoryWatch watch = new MemoryWatch(memory, ticker, 0.85);
    memory.heap = 0.9;
    watch.look();
    assertThat(watch.isShort()).isTrue();
    ticker.pass(9_999);
    watch.look();
    assertThat(watch.isShort()).isTrue();
    ticker.pass(1);
    watch.look();
    assertThat(watch.isShort()).as("no collection for ten seconds").isFalse();
    memory.heap = 0.91; // the next one finds it full after all
    watch.look();
    assertThat(watch.isShort()).isTrue();
    memory.heap = 0.5;
    watch.look();
    assertThat(watch.isShort()).isFalse();
  }

  @Test
  void memory_withoutLimit_isNeverShort() {
    MemoryWatch watch = new MemoryWatch(memory, ticker, 0);
    memory.direct = 1;
    memory.heap = 1;
    watch.look();
    assertThat(watch.isShort()).isFalse();
  }

  @Test
  void memory_ofThisProcess_isAShare() {
    Memory own = Memory.ofThisProcess();
    assertThat(own.direct()).isBetween(0.0, 1.0);
    assertThat(own.heap()).isBetween(0.0, 1.0);
  }

  // ---- counts

  @Test
  void requests_overTheLimit_areTurnedAway_untilOneIsOver() {
    Admission admission = new Admission(new Limits(2, 0, 0, 0), memory, ticker);
    LoopWatch loop = new LoopWatch(ticker, 0);
    assertThat(admission.enter(loop)).isNull();
    assertThat(admission.enter(loop)).isNull();
    assertThat(admission.enter(loop)).isEqualTo(Shed.REQUESTS);
    assertThat(admission.enter(loop)).isEqualTo(Shed.REQUESTS);
    admission.leave();
    assertThat(admission.enter(loop)).isNull();
    assertThat(admission.shed(Shed.REQUESTS)).isEqualTo(2);
  }

  @Test
  void counts_fromManyThreads_neverPassTheLimitAndComeBackToZero() {
    Admission admission = new Admission(new Limits(3, 3, 0, 0), memory, ticker);
    LoopWatch loop = new LoopWatch(ticker, 0);
    Together.run(
        8,
        () -> {
          for (int i = 0; i < 20_000; i++) {
            if (admission.enter(loop) == null) {
              admission.leave();
            }
            if (admission.connect()) {
              assertThat(admission.connections()).isLessThanOrEqualTo(3 + 8);
              admission.disconnect();
            }
          }
          return null;
        });
    assertThat(admission.connections()).isZero();
    for (int i = 0; i < 3; i++) {
      assertThat(admission.enter(loop)).isNull();
    }
    assertThat(admission.enter(loop)).isEqualTo(Shed.REQUESTS);
  }

  @Test
  void loopThatLags_andMemory_areReasonsBeforeTheCount() {
    Admission admission = new Admission(new Limits(1, 0, 100, 0.85), memory, ticker);
    LoopWatch late = new LoopWatch(ticker, 100);
    beat(late, 200);
    beat(late, 200);
    assertThat(admission.enter(late)).isEqualTo(Shed.LOOP_LAG);
    assertThat(admission.enter(new LoopWatch(ticker, 100))).as("another loop").isNull();
  }

  @ParameterizedTest
  @CsvSource({"-1, 0, 0, 0", "0, -1, 0, 0", "0, 0, -1, 0", "0, 0, 0, -0.1", "0, 0, 0, 1.1"})
  void limits_thatMakeNoSense_areRefused(int requests, int connections, long lag, double memory) {
    assertThatThrownBy(() -> new Limits(requests, connections, lag, memory))
        .isInstanceOf(IllegalArgumentException.class);
  }

  // ---- the operator's log

  @Test
  void log_saysOnceWhenItBeginsAndOnceWhenItIsOver() {
    Admission admission = new Admission(new Limits(1, 0, 0, 0), memory, ticker);
    LoopWatch loop = new LoopWatch(ticker, 0);
    ShedLog log = new ShedLog(admission, ticker);
    try (CapturedLog captured = CapturedLog.of("dev.caravan.admission")) {
      assertThat(admission.enter(loop)).isNull();
      log.look();
      assertThat(captured.lines()).isEmpty();
      for (int i = 0; i < 7; i++) {
        assertThat(admission.enter(loop)).isEqualTo(Shed.REQUESTS);
        log.look();
        ticker.pass(1_000);
      }
      assertThat(captured.lines())
          .isEqualTo(
              List.of(
                  "WARN Shedding (requests): new requests get 503: 1 requests are answered, the"
                      + " limit is 1"));
      ticker.pass(3_999);
      log.look();
      assertThat(captured.lines()).hasSize(1);
      ticker.pass(1);
      log.look();
      log.look();
      assertThat(captured.lines())
          .element(1)
          .isEqualTo("INFO Shedding is over (requests): 7 requests were turned away in 6.0 s");
      assertThat(captured.lines()).hasSize(2);
    }
  }
}
