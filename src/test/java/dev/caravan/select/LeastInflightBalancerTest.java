package dev.caravan.select;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caravan.fleet.Backend;
import dev.caravan.fleet.BackendSpec;
import dev.caravan.fleet.Lease;
import dev.caravan.outcome.Outcome.Completed;
import dev.caravan.request.AnyRequest;
import dev.caravan.time.Chance;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.TreeSet;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LeastInflightBalancerTest extends BalancerContract {

  @Override
  String balancer() {
    return "least-inflight";
  }

  @Override
  double[] dueShares(int[] weights) {
    double sum = Arrays.stream(weights).sum();
    return Arrays.stream(weights).mapToDouble(weight -> weight / sum).toArray();
  }

  @Property
  void anyLoads_neverPicksAStrictlyMoreLoadedOne(
      @ForAll @Size(min = 1, max = 10) List<@IntRange(max = 50) Integer> inflight,
      @ForAll @Size(value = 10) List<@IntRange(min = 1, max = 4) Integer> weights,
      @ForAll long seed) {
    List<BackendView> rows = new ArrayList<>();
    for (int i = 0; i < inflight.size(); i++) {
      rows.add(Offers.server("s" + i, inflight.get(i), weights.get(i)));
    }
    int chosen =
        Balancers.named("least-inflight", Chance.seeded(seed))
            .replay(AnyRequest.chat(), Snapshot.of(rows), 10)
            .orElseThrow();
    BackendView picked = rows.get(chosen);
    assertThat(rows)
        .allMatch(row -> picked.inflight() * row.weight() <= row.inflight() * picked.weight());
  }

  @Test
  void coldStart_manyGateways_doNotAllBeginWithTheSameServer() {
    TreeSet<Integer> first = new TreeSet<>();
    for (int gateway = 0; gateway < 50; gateway++) {
      Selector selector = Balancers.named("least-inflight", Chance.seeded(gateway));
      first.add(selector.replay(AnyRequest.chat(), Offers.alike(3), 10).orElseThrow());
    }
    assertThat(first).containsExactly(0, 1, 2);
  }

  @Test
  void hungServer_keepsWhatItHas_getsNothingMore() {
    Road road = road(BackendSpec.UNLIMITED, 1, 1, 1);
    List<Lease> stuck = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      stuck.add(Objects.requireNonNull(Lease.open(road.servers[0], "llama", () -> 0)));
    }
    int[] counts = road.shares(1_000, 4);
    assertThat(counts[0]).isZero();
    assertThat(counts[1]).isBetween(400, 600);
    stuck.forEach(lease -> lease.close(new Completed(200)));
    road.finish();
  }

  @Override
  int mostOfAStuckServer(int picks, double due) {
    return 1; // the others are idle at every pick
  }

  @ParameterizedTest
  @CsvSource({"0.1, 30", "0.3, 6", "0.5, 12", "0.7, 60", "0.9, 20"})
  void slowStart_requestsTakeAnyTime_serverGetsAboutItsShare(double share, int underWay) {
    Selector selector = selector();
    Backend[] servers = {
      Road.server("a", 1, 999), Road.server("b", 1, 999), Road.server("c", 1, 999)
    };
    servers[0].share(() -> share);
    Chance chance = Chance.seeded(4);
    List<Lease> open = new ArrayList<>();
    int mine = 0;
    for (int i = 0; i < 50_000; i++) {
      if (open.size() == underWay) {
        open.remove(chance.below(underWay)).close(new Completed(200));
      }
      Selection.Selected selected =
          (Selection.Selected) selector.select(AnyRequest.chat(), servers, Tried.NONE, 10);
      mine += selected.index() == 0 ? 1 : 0;
      open.add(Objects.requireNonNull(Lease.open(selected.backend(), "llama", () -> 0)));
    }
    open.forEach(lease -> lease.close(new Completed(200)));
    double due = 50_000 * share / (share + 2);
    assertThat((double) mine).isBetween(0.9 * due, 1.01 * due);
  }
}
