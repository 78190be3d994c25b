package dev.caravan.select;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caravan.fleet.Backend;
import dev.caravan.request.AnyRequest;
import dev.caravan.request.InferenceRequest;
import dev.caravan.time.Chance;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.LongSummaryStatistics;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class LeastTokensBalancerTest extends BalancerContract {

  @Override
  String balancer() {
    return "least-tokens";
  }

  @Override
  double[] dueShares(int[] weights) {
    double sum = Arrays.stream(weights).sum();
    return Arrays.stream(weights).mapToDouble(weight -> weight / sum).toArray();
  }

  @Override
  int mostOfAStuckServer(int picks, double due) {
    return 1; // the others are idle at every pick
  }

  @Property
  void anyLoads_neverPicksAStrictlyMoreLoadedOne(
      @ForAll @Size(min = 1, max = 10) List<@IntRange(max = 50_000) Integer> tokens,
      @ForAll @Size(value = 10) List<@IntRange(min = 1, max = 4) Integer> weights,
      @ForAll long seed) {
    List<BackendView> rows = new ArrayList<>();
    for (int i = 0; i < tokens.size(); i++) {
      BackendView plain = Offers.server("s" + i, 7 - i % 7, weights.get(i));
      rows.add(plain.loaded(tokens.get(i), 0, 0, 10, 0));
    }
    int chosen =
        Balancers.named("least-tokens", Chance.seeded(seed))
            .replay(AnyRequest.chat(), Snapshot.of(rows), 10)
            .orElseThrow();
    BackendView picked = rows.get(chosen);
    assertThat(rows)
        .allMatch(row -> picked.tokens() * row.weight() <= row.tokens() * picked.weight());
  }

  @Test
  void longPromptAmongShortOnes_itsServerGetsNoneUntilTheOthersHoldAsMuch() {
    InferenceRequest brief = AnyRequest.talk("", AnyRequest.words(1, 100));
    Road road = road(UNLIMITED, 1, 1, 1);
    int busy = road.hold(AnyRequest.talk("", AnyRequest.words(2, 20_000)));
    long held = road.servers[busy].load().tokens();
    assertThat(held).as("its prompt, and an answer of the usual length").isGreaterThan(20_200);
    long others = 0;
    while (others + 1_000 < 2 * held) {
      int index = road.hold(brief);
      assertThat(index).isNotEqualTo(busy);
      others = road.servers[(busy + 1) % 3].load().tokens();
      others += road.servers[(busy + 2) % 3].load().tokens();
    }
    assertThat(road.servers[busy].inflight()).isEqualTo(1);
    road.finish();
    assertThat(road.servers).allMatch(server -> server.load().tokens() == 0);
  }

  @Test
  void shortAnswersWanted_countAsShort() {
    Road road = road(UNLIMITED, 1);
    road.hold(AnyRequest.chat());
    assertThat(road.servers[0].load().tokens()).as("the usual length").isEqualTo(200);
    road.hold(AnyRequest.answeredIn(8));
    assertThat(road.servers[0].load().tokens()).isEqualTo(208);
    road.hold(AnyRequest.answeredIn(50_000));
    assertThat(road.servers[0].load().tokens()).as("nobody takes all it may").isEqualTo(408);
    road.finish();
  }

  /** How far apart, on average, the tokens are that servers hold. */
  private double spread(Selector selector) {
    Road road = new Road(selector, this::mixed, ticker, UNLIMITED, 1, 1, 1, 1);
    double sum = 0;
    for (int i = 0; i < 2_000; i++) {
      if (road.held() == 40) {
        road.release();
      }
      road.hold();
      LongSummaryStatistics held =
          Arrays.stream(road.servers)
              .map(Backend::load)
              .mapToLong(load -> load.tokens())
              .summaryStatistics();
      sum += held.getMax() - held.getMin();
    }
    road.finish();
    return sum / 2_000;
  }

  @Test
  void requestsOfAllLengths_tokensAreSpreadMoreEvenlyThanByCountingRequests() {
    double counted = spread(Balancers.named("least-inflight", Chance.seeded(3)));
    assertThat(spread(selector())).isLessThan(0.6 * counted);
  }
}
