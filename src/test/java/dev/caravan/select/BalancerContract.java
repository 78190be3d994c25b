package dev.caravan.select;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.caravan.fleet.Availability;
import dev.caravan.fleet.Availability.Use;
import dev.caravan.fleet.Backend;
import dev.caravan.fleet.BackendSpec;
import dev.caravan.fleet.Gate;
import dev.caravan.fleet.Lease;
import dev.caravan.fleet.ServerState;
import dev.caravan.fleet.Share;
import dev.caravan.outcome.Outcome.Completed;
import dev.caravan.request.AnyRequest;
import dev.caravan.request.InferenceRequest;
import dev.caravan.select.Selection.NoneEligible;
import dev.caravan.select.Selection.Selected;
import dev.caravan.testing.Together;
import dev.caravan.time.Chance;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * What every named balancer must hold, in scenarios named after what operators go through. Each
 * pick of each scenario is verified by {@link Road}.
 */
abstract class BalancerContract {
  private static final long SEED = 20_260_101;
  private static final int UNLIMITED = BackendSpec.UNLIMITED;
  private static final Availability DOWN = Availability.down("no answer to a probe");

  /** Its name in the table. */
  abstract String balancer();

  /**
   * What each server is due of 1, where all take equally long and many requests are under way.
   *
   * @param weights those of the servers
   */
  abstract double[] dueShares(int[] weights);

  final Selector selector() {
    return Balancers.named(balancer(), Chance.seeded(SEED));
  }

  final Road road(int maxInflight, int... weights) {
    return new Road(selector(), maxInflight, weights);
  }

  private static void assertEven(int[] counts, int picks, int... sharers) {
    assertThat(Arrays.stream(counts).sum()).isEqualTo(picks);
    for (int i = 0; i < counts.length; i++) {
      int server = i;
      if (IntStream.of(sharers).anyMatch(sharer -> sharer == server)) {
        double due = (double) picks / sharers.length;
        assertThat((double) counts[i]).isCloseTo(due, within(0.05 * due));
      } else {
        assertThat(counts[i]).isZero();
      }
    }
  }

  @Test
  void coldStart_everyoneIdle_firstRoundReachesEveryone() {
    Road road = road(UNLIMITED, 1, 1, 1, 1, 1);
    assertThat(road.shares(5, 5)).containsOnly(1);
    road.finish();
  }

  @Test
  void oneServerLost_survivorsShareAlike() {
    Road road = road(UNLIMITED, 1, 1, 1, 1);
    assertEven(road.shares(10_000, 1), 10_000, 0, 1, 2, 3);
    road.servers[1].availability(DOWN);
    assertEven(road.shares(10_000, 1), 10_000, 0, 2, 3);
    road.servers[1].availability(Availability.UP);
    assertEven(road.shares(10_000, 1), 10_000, 0, 1, 2, 3);
    road.finish();
  }

  @Test
  void oneBreakerOpens_survivorsShareAlike() {
    Road road = road(UNLIMITED, 1, 1, 1);
    road.servers[0].gate(() -> false);
    assertEven(road.shares(10_000, 1), 10_000, 1, 2);
    road.servers[0].gate(Gate.NONE);
    assertEven(road.shares(10_000, 1), 10_000, 0, 1, 2);
    road.finish();
  }

  @Test
  void serversDeployOneByOne_eachJoinsWithAnEvenShare() {
    Road road = road(UNLIMITED, 1, 1, 1, 1, 1);
    for (Backend server : road.servers) {
      server.availability(Availability.down("not deployed yet"));
    }
    for (int deployed = 1; deployed <= 5; deployed++) {
      road.servers[deployed - 1].availability(Availability.UP);
      assertEven(road.shares(10_000, 1), 10_000, IntStream.range(0, deployed).toArray());
    }
    road.finish();
  }

  @Test
  void serversShrinkToOne_lastOneGetsEverything() {
    Road road = road(UNLIMITED, 1, 1, 1, 1, 1);
    for (int left = 5; left > 1; left--) {
      road.shares(500, 1);
      road.servers[left - 1].availability(DOWN);
    }
    assertThat(road.shares(1_000, 3)).containsExactly(1_000, 0, 0, 0, 0);
    road.servers[0].availability(DOWN);
    assertThat(road.pick(Tried.NONE)).isInstanceOf(NoneEligible.class);
    road.finish();
  }

  /**
   * @param underWay requests that are held at the same time; 1 is one after the other
   */
  @ParameterizedTest
  @CsvSource({
    "0.1, 3, 1",
    "0.1, 3, 10",
    "0.1, 3, 100",
    "0.25, 2, 1",
    "0.25, 4, 7",
    "0.5, 2, 3",
    "0.5, 5, 40",
    "0.75, 3, 1",
    "0.75, 3, 20",
    "0.9, 4, 30",
    "0.01, 2, 1"
  })
  void slowStart_atOneShare_serverGetsThatMuchOfItsFairShare(double share, int n, int underWay) {
    int[] weights = new int[n];
    Arrays.fill(weights, 1);
    Road road = road(UNLIMITED, weights);
    road.shares(1_000, underWay);
    road.servers[1].share(() -> share);
    road.shares(1_000, underWay);
    int[] counts = road.shares(10_000, underWay);
    double due = 10_000 * share / (share + n - 1);
    assertThat((double) counts[1]).isCloseTo(due, within(0.02 * due + 2));
    for (int i = 0; i < n; i++) {
      if (i != 1) {
        double rest = 10_000 / (share + n - 1);
        assertThat((double) counts[i]).isCloseTo(rest, within(0.05 * rest));
      }
    }
    road.servers[1].share(Share.FULL);
    road.shares(1_000, underWay);
    assertEven(road.shares(10_000, underWay), 10_000, IntStream.range(0, n).toArray());
    road.finish();
  }

  @Test
  void slowStart_serverComesBackIdleAmongBusyOnes_getsNoBurst() {
    for (int round = 0; round < 3; round++) {
      Road road = road(UNLIMITED, 1, 1, 1);
      road.shares(1_000 + round, 60);
      road.servers[2].availability(DOWN);
      road.shares(1_000, 60);
      road.servers[2].availability(Availability.UP);
      road.servers[2].share(() -> 0.1);
      int[] first = road.shares(63, 60);
      // Due 3; a server with nothing in flight must not draw what the others hold 30 of.
      assertThat(first[2]).isLessThanOrEqualTo(5);
      road.finish();
    }
  }

  @Test
  void slowStart_everyShareGrows_everyoneGetsItsShareOfTheWhole() {
    Road road = road(UNLIMITED, 1, 1, 1);
    double[] shares = {0.5, 0.25, 0.25};
    for (int i = 0; i < 3; i++) {
      double share = shares[i];
      road.servers[i].share(() -> share);
    }
    int[] counts = road.shares(20_000, 1);
    assertThat(counts[0]).isBetween(9_800, 10_200);
    assertThat(counts[1]).isBetween(4_900, 5_100);
    road.finish();
  }

  @Test
  void slowStart_onlyOneLeft_getsEverything() {
    Road road = road(UNLIMITED, 1, 1);
    road.servers[0].availability(DOWN);
    road.servers[1].share(() -> 0.1);
    assertThat(road.shares(500, 2)).containsExactly(0, 500);
    road.finish();
  }

  @Test
  void slowStart_slowServer_isNotGivenMoreThanTheOthersHold() {
    Road road = road(UNLIMITED, 1, 1, 1);
    road.servers[0].share(() -> 0.2);
    int most = 0;
    List<Lease> stuck = new ArrayList<>();
    for (int i = 0; i < 2_000; i++) {
      if (road.pick(Tried.NONE) instanceof Selected selected) {
        Lease lease = Lease.open(selected.backend(), "llama", () -> 0);
        if (selected.index() == 0) {
          stuck.add(lease);
        } else if (lease != null) {
          lease.close(new Completed(200));
        }
        most = Math.max(most, road.servers[0].inflight());
      }
    }
    assertThat(most).isLessThanOrEqualTo(mostOfAStuckServer(2_000, 0.2 / 2.2));
    stuck.forEach(lease -> lease.close(new Completed(200)));
    road.finish();
  }

  /**
   * How many requests a server may be given that answers none, where the others answer at once.
   *
   * @param due its share of the picks
   */
  int mostOfAStuckServer(int picks, double due) {
    return (int) (picks * due) + 3;
  }

  @Test
  void panic_fewerThanATenthUsable_everyoneUncertainShares() {
    Road road = road(UNLIMITED, 1, 1, 1, 1);
    road.panicPercent = 30;
    for (int i = 1; i < 4; i++) {
      road.servers[i].availability(
          new Availability(ServerState.DOWN, Use.LAST_RESORT, "it failed", 5));
    }
    assertEven(road.shares(10_000, 4), 10_000, 0, 1, 2, 3);
    road.servers[3].availability(DOWN);
    assertEven(road.shares(10_000, 4), 10_000, 0, 1, 2);
    road.servers[1].availability(Availability.UP);
    assertEven(road.shares(10_000, 4), 10_000, 0, 1);
    road.finish();
  }

  @Test
  void everyServerSaturates_everyPlaceIsUsedThenEveryoneSaysSo() {
    Road road = road(3, 1, 4, 1, 2);
    for (int i = 0; i < 12; i++) {
      road.hold();
    }
    assertThat(road.pick(Tried.NONE))
        .isInstanceOfSatisfying(
            NoneEligible.class,
            none -> assertThat(none.reasons()).allMatch(r -> r.filter().equals("capacity")));
    for (int i = 0; i < 100; i++) {
      Backend free = road.release();
      assertThat(road.servers[road.hold()]).isSameAs(free);
    }
    road.finish();
  }

  @Test
  void everyServerTried_eachGetsTheRequestOnce() {
    Road road = road(UNLIMITED, 3, 1, 2, 1);
    for (int i = 0; i < 200; i++) {
      Tried tried = Tried.NONE;
      for (int attempt = 0; attempt < 4; attempt++) {
        int index = Road.index(road.pick(tried));
        assertThat(tried.contains(index)).isFalse();
        tried = tried.and(index);
      }
      assertThat(road.pick(tried)).isInstanceOf(NoneEligible.class);
    }
  }

  @Test
  void tenThousandRequests_sharesAreThoseDueWithin2Percent() {
    int[] weights = {5, 3, 2};
    int[] counts = road(UNLIMITED, weights).shares(10_000, 100);
    double[] due = dueShares(weights);
    for (int i = 0; i < weights.length; i++) {
      assertThat(counts[i] / (10_000 * due[i])).isBetween(0.98, 1.02);
    }
  }

  @Test
  void anythingHappens_everyPickIsSound() {
    Chance chance = Chance.seeded(17);
    Road road = road(4, 1, 2, 3, 4, 1, 1);
    road.panicPercent = 60;
    for (int i = 0; i < 20_000; i++) {
      Backend server = road.servers[chance.below(6)];
      switch (chance.below(8)) {
        case 0 ->
            server.availability(
                switch (chance.below(5)) {
                  case 0 -> DOWN;
                  case 1 -> new Availability(ServerState.DOWN, Use.LAST_RESORT, "it failed", 5);
                  default -> Availability.UP;
                });
        case 1 -> {
          double share = (1 + chance.below(8)) / 8.0;
          server.share(() -> share);
          server.gate(chance.below(3) == 0 ? () -> false : Gate.NONE);
        }
        case 2, 3 -> {
          if (road.held() > 0) {
            road.release();
          }
        }
        case 4 -> road.pick(Tried.NONE.and(chance.below(6)).and(chance.below(6)));
        case 5 ->
            server.respecify(
                Road.server(server.name(), 1 + chance.below(4), 1 + chance.below(5)).spec());
        default -> {
          if (road.pick(Tried.NONE) instanceof Selected) {
            road.hold();
          }
        }
      }
    }
    road.finish();
  }

  @Test
  void logIsReplayed_newSelectorOfTheSameSeed_choosesTheSame() {
    Road road = road(6, 3, 1, 2);
    road.panicPercent = 60;
    Chance chance = Chance.seeded(23);
    for (int i = 0; i < 2_000; i++) {
      Backend server = road.servers[chance.below(3)];
      server.availability(
          switch (chance.below(8)) {
            case 0 -> Availability.down("a \"hung\" engine; since 12:00");
            case 1 -> new Availability(ServerState.DOWN, Use.LAST_RESORT, "it failed", 5);
            default -> Availability.UP;
          });
      double share = chance.below(3) == 0 ? 0.3 : 1;
      server.share(() -> share);
      if (road.held() > 0 && chance.below(2) == 0) {
        road.release();
      } else if (road.pick(Tried.NONE) instanceof Selected) {
        road.hold();
      }
    }
    Selector replayed = selector();
    InferenceRequest request = AnyRequest.chat();
    for (String line : road.log) {
      int arrow = line.lastIndexOf(" -> ");
      OptionalInt chosen =
          replayed.replay(request, Snapshot.parse(line.substring(0, arrow)), road.panicPercent);
      assertThat(chosen.orElse(-1)).isEqualTo(Integer.parseInt(line.substring(arrow + 4)));
    }
    road.finish();
  }

  @Test
  void fourEventLoops_limitsHoldAndNothingIsLeft() {
    Selector selector = selector();
    InferenceRequest request = AnyRequest.chat();
    Backend[] servers = {Road.server("a", 2, 3), Road.server("b", 1, 3), Road.server("c", 1, 3)};
    List<Integer> picks =
        Together.run(
            4,
            () -> {
              List<Lease> open = new ArrayList<>();
              int mine = 0;
              for (int i = 0; i < 10_000; i++) {
                if (selector.select(request, servers, Tried.NONE, 10)
                    instanceof Selected selected) {
                  Lease lease = Lease.open(selected.backend(), "llama", () -> 0);
                  assertThat(selected.backend().inflight()).isBetween(0, 3);
                  if (lease != null) {
                    mine++;
                    open.add(lease);
                  }
                }
                if (open.size() >= 3) {
                  open.remove(0).close(new Completed(200));
                }
              }
              open.forEach(lease -> lease.close(new Completed(200)));
              return mine;
            });
    assertThat(picks).allMatch(mine -> mine > 0);
    assertThat(servers).allMatch(server -> server.inflight() == 0);
  }
}
