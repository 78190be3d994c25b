package dev.caravan.chaos;

import dev.caravan.testing.NoLeaks;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * The short run, with every kind of fault once: three of four servers are sick at any time. The
 * long one is {@link LongChaosTest}.
 */
@ExtendWith(NoLeaks.class)
class ChaosTest {

  @Test
  void threeOfFourServersSick_nobodyNotices_exceptWhoseStreamWasCut() throws Exception {
    long seed = Long.getLong("chaos.seed", 1);
    Pool pool = Pool.of("small", "least-inflight", 4);
    new Chaos(seed, List.of(Schedule.draw(pool, List.of(), 1, 0.6, seed)), 30, 1_000).run(false);
  }
}
