package dev.caravan.select;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caravan.fleet.BackendSpec;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class RoundRobinBalancerTest extends BalancerContract {

  @Override
  String balancer() {
    return "round-robin";
  }

  @Override
  double[] dueShares(int[] weights) {
    double[] due = new double[weights.length];
    Arrays.fill(due, 1.0 / weights.length);
    return due;
  }

  @Test
  void oneServerFull_othersTakeTurnsWithoutIt() {
    Road road = road(BackendSpec.UNLIMITED, 1, 1, 1);
    road.servers[1].respecify(Road.server("b", 1, 1).spec());
    int[] turns = new int[8];
    for (int i = 0; i < 8; i++) {
      turns[i] = road.hold();
    }
    assertThat(turns).containsExactly(0, 1, 2, 0, 2, 0, 2, 0);
    road.finish();
  }
}
