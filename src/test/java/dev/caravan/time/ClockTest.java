package dev.caravan.time;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ClockTest {

  @Test
  void ticker_readTwice_neverGoesBack() {
    Ticker ticker = Ticker.system();
    long before = ticker.nanos();
    for (int i = 0; i < 1_000; i++) {
      long now = ticker.nanos();
      assertThat(now - before).isNotNegative();
      before = now;
    }
  }

  @Test
  void wallClock_read_isAfterThisWasWritten() {
    long start2025 = 1_735_689_600_000L;
    assertThat(WallClock.system().epochMillis()).isGreaterThan(start2025);
  }
}
