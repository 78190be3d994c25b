package dev.caravan.select;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caravan.request.AnyRequest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class PowerOfTwoBalancerTest extends BalancerContract {

  @Override
  String balancer() {
    return "power-of-two";
  }

  @Override
  double[] dueShares(int[] weights) {
    double sum = Arrays.stream(weights).sum();
    return Arrays.stream(weights).mapToDouble(weight -> weight / sum).toArray();
  }

  /** An idle server is passed over while it is not drawn: of five, in six of ten picks. */
  @Override
  int roundsUntilEveryoneHasOne() {
    return 3;
  }

  @Override
  int mostOfAStuckServer(int picks, double due) {
    return 1; // the others are idle at every pick
  }

  private static int[] ones(int servers) {
    int[] ones = new int[servers];
    Arrays.fill(ones, 1);
    return ones;
  }

  @Test
  void hundredRequestsForEachOf64_nobodyHasMuchMoreThanTheMean() {
    Road road = road(UNLIMITED, ones(64));
    int[] counts = road.shares(6_400, 6_400);
    // ln ln 64 / ln 2 = 2 above the mean, and a little; one choice gives about 29.
    assertThat(Arrays.stream(counts).max().orElseThrow()).isLessThanOrEqualTo(104);
    road.finish();
  }

  @Test
  void manyGatewaysSeeTheSameIdleServer_fewGoThere() {
    List<BackendView> rows = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      rows.add(Offers.server("s" + i, i == 3 ? 0 : 5, 1));
    }
    Snapshot snapshot = Snapshot.of(rows);
    int[] counts = new int[10];
    for (int gateway = 0; gateway < 1_000; gateway++) {
      counts[selector(gateway).replay(AnyRequest.chat(), snapshot, 10).orElseThrow()]++;
    }
    // It is among the two of ten in a fifth of the picks; four standard deviations are 50.
    assertThat(counts[3]).isBetween(150, 250);
  }

  @Test
  void heavyServerAmongMany_getsItsWeightsShare() {
    int[] weights = ones(10);
    weights[4] = 10;
    int[] counts = road(UNLIMITED, weights).shares(10_000, 100);
    // 10 of 19; drawn as often as the others it would be among the two in a fifth of the picks.
    assertThat(counts[4]).isBetween(5_000, 5_500);
  }
}
