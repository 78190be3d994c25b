package dev.caravan.select;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class CachePressureTest {
  private final CachePressure pressure = new CachePressure(3);

  private double ratio(int one, int other) {
    return pressure.of(one) / pressure.of(other);
  }

  @Test
  void of_nothingWritten_isZero() {
    pressure.wrote(1, 0, 100);
    for (int i = 0; i < 3; i++) {
      assertThat(pressure.of(i)).isZero();
    }
  }

  @Test
  void of_writtenInTurn_isAsMuchAsWasWritten() {
    for (int i = 0; i < 10_000; i++) {
      pressure.wrote(0, 3, 1_000);
      pressure.wrote(1, 1, 1_000);
    }
    assertThat(ratio(0, 1)).isCloseTo(3, within(0.02));
    assertThat(pressure.of(2)).isZero();
  }

  @Test
  void of_fleetsRoomLater_isAnEthAsMuch() {
    pressure.wrote(0, 1, 1_000);
    for (int i = 0; i < 999; i++) {
      pressure.wrote(2, 1, 1_000);
    }
    pressure.wrote(1, 1, 1_000);
    assertThat(ratio(1, 0)).isCloseTo(Math.E, within(1e-9));
  }

  @Test
  void of_weightsAreScaledBack_ratiosStay() {
    // A weight passes 10^200 after 460 times the fleet's room: here some twenty times.
    for (int i = 0; i < 100_000; i++) {
      pressure.wrote(0, 30, 300);
      pressure.wrote(1, 10, 300);
      assertThat(pressure.of(0)).isPositive().isLessThan(1e205);
      if (i > 100) {
        // What 40 chunks turn over in between: a seventh.
        assertThat(ratio(0, 1)).isBetween(2.5, 3.1);
      }
    }
    pressure.wrote(2, 1, 300);
    for (int i = 0; i < 100; i++) {
      pressure.wrote(1, 100, 300);
    }
    assertThat(ratio(2, 1)).as("long ago").isBetween(0.0, 1e-12);
  }
}
