package dev.caravan.chaos;

import dev.caravan.testing.NoLeaks;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * The long run, by {@code ./mvnw verify -Pchaos}: first every kind of fault by itself, so that the
 * table can say what it costs; then all servers but one at once, each kind twice in each pool.
 */
@Tag("chaos")
@ExtendWith(NoLeaks.class)
class LongChaosTest {

  @Test
  void allServersSickButOne_inTwoPools_nobodyNotices_exceptWhoseStreamWasCut() throws Exception {
    long seed = Long.getLong("chaos.seed", 1);
    Pool large = Pool.of("large", "least-inflight", 4);
    Pool small = Pool.of("small", "round-robin", 3);
    List<Kind> all = Arrays.asList(Kind.values());
    List<Kind> backwards = new ArrayList<>(all);
    Collections.reverse(backwards);
    List<Schedule> schedules =
        List.of(
            Schedule.draw(large, all, 2, 1, seed), Schedule.draw(small, backwards, 2, 1, seed + 1));
    new Chaos(seed, schedules, 30, 5_000).run(Boolean.getBoolean("chaos.write"));
  }
}
