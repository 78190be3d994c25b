package dev.caravan.select;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caravan.fleet.BackendSpec;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class WeightedBalancerTest extends BalancerContract {

  @Override
  String balancer() {
    return "weighted";
  }

  @Override
  double[] dueShares(int[] weights) {
    double sum = Arrays.stream(weights).sum();
    return Arrays.stream(weights).mapToDouble(weight -> weight / sum).toArray();
  }

  @Test
  void fiveToOne_sixtyRequests_areFiftyAndTen() {
    assertThat(road(BackendSpec.UNLIMITED, 5, 1).shares(60, 20)).containsExactly(50, 10);
  }
}
