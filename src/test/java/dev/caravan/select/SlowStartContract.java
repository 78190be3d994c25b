package dev.caravan.select;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.caravan.fleet.Availability;
import dev.caravan.fleet.BackendSpec;
import dev.caravan.fleet.Lease;
import dev.caravan.fleet.Share;
import dev.caravan.health.HandTicker;
import dev.caravan.outcome.Outcome.Completed;
import dev.caravan.request.AnyRequest;
import dev.caravan.request.InferenceRequest;
import dev.caravan.select.Selection.Selected;
import dev.caravan.time.Chance;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * What every named balancer must hold while a server's share of the traffic grows, and what a row
 * says of itself for this and for {@link BalancerContract}.
 */
abstract class SlowStartContract {
  static final int UNLIMITED = BackendSpec.UNLIMITED;
  static final Availability DOWN = Availability.down("no answer to a probe");
  private static final long SEED = 20_260_101;

  /** The clock of all leases and balancers of a scenario. */
  final HandTicker ticker = new HandTicker();

  private final InferenceRequest chat = AnyRequest.chat();
  private static final List<InferenceRequest> MIXED = AnyRequest.mixed(200);

  /** Its name in the table. */
  abstract String balancer();

  /**
   * What each server is due of 1, where all take equally long and many requests are under way.
   *
   * @param weights those of the servers
   */
  abstract double[] dueShares(int[] weights);

  /**
   * How many requests each server is due until everyone has had one, where nobody is done before: 1
   * where that is certain, more where it is a matter of chance.
   */
  int roundsUntilEveryoneHasOne() {
    return 1;
  }

  /** How near 10,000 picks come to what servers are due, as a part of that. */
  double dueWithin() {
    return 0.02;
  }

  /** How near 10,000 picks among equal servers come to an even share, as a part of that. */
  double evenWithin() {
    return 0.05;
  }

  /** How far a server in slow start may be from so many picks of 10,000. */
  double slackOfShare(double due) {
    return 0.02 * due + 2;
  }

  /** The part of its share that a server in slow start gets at least, however busy all are. */
  double leastOfShare() {
    return 1;
  }

  /**
   * The request of a scenario by its number: all alike, but for what a row tells them apart by
   * where it sends everything alike to one server.
   */
  InferenceRequest request(int number) {
    return chat;
  }

  /** One of the requests of a busy day. */
  final InferenceRequest mixed(int number) {
    return MIXED.get(number % MIXED.size());
  }

  /** A new one of the same seed, to which nothing is known of any prompt. */
  final Selector selector() {
    return selector(SEED);
  }

  final Selector selector(long seed) {
    Means means = new Means(Chance.seeded(seed), ticker, new PrefixIndex(PrefixIndex.SMALL));
    return Balancers.named(balancer(), means);
  }

  final Road road(int maxInflight, int... weights) {
    return new Road(selector(), this::request, ticker, maxInflight, weights);
  }

  final void assertEven(int[] counts, int picks, int... sharers) {
    assertThat(Arrays.stream(counts).sum()).isEqualTo(picks);
    for (int i = 0; i < counts.length; i++) {
      int server = i;
      if (IntStream.of(sharers).anyMatch(sharer -> sharer == server)) {
        double due = (double) picks / sharers.length;
        assertThat((double) counts[i]).isCloseTo(due, within(evenWithin() * due));
      } else {
        assertThat(counts[i]).isZero();
      }
    }
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
    double slack = slackOfShare(due);
    assertThat((double) counts[1]).isBetween(leastOfShare() * due - slack, due + slack);
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
        Lease lease = Lease.open(selected.backend(), "llama", ticker, selected.work());
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
}
