package dev.caravan.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeout;

import dev.caravan.time.Chance;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** The engine model must be lean enough to simulate a fleet in the build. */
class EngineSpeedTest {

  @Test
  void eightEngines_fourThousandLongPromptsEach_takeSeconds() {
    assertTimeout(
        Duration.ofSeconds(60),
        () -> {
          for (int i = 0; i < 8; i++) {
            assertThat(simulate(i)).isEqualTo(4_000);
          }
        });
  }

  private static long simulate(long seed) {
    Engine engine = new Engine(EngineParameters.H100);
    Chance chance = Chance.seeded(seed);
    long now = 0;
    for (int i = 0; i < 4_000; i++) {
      now += 400_000_000;
      engine.advanceTo(now);
      long[] hashes = new long[938];
      int shared = chance.below(938);
      for (int block = 0; block < hashes.length; block++) {
        hashes[block] = block < shared ? block : ((long) i << 32) + block;
      }
      engine.submit(now, hashes, 15_000, 180, SequenceListener.SILENT);
    }
    engine.advanceTo(Long.MAX_VALUE);
    return engine.counters().finished();
  }
}
