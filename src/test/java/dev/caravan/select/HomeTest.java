package dev.caravan.select;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caravan.fleet.Availability;
import dev.caravan.fleet.Availability.Use;
import dev.caravan.fleet.PoolPolicy.Affinity;
import dev.caravan.fleet.PoolPolicy.Affinity.Stickiness;
import dev.caravan.fleet.ServerState;
import dev.caravan.select.Selection.Basis;
import dev.caravan.select.Selection.Rejection;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class HomeTest {
  private static final Affinity SOFT = new Affinity(Stickiness.SOFT, 125);
  private static final Affinity STRICT = new Affinity(Stickiness.STRICT, 125);
  private static final Availability DOWN = Availability.down("down");
  private static final Availability DRAINING =
      new Availability(ServerState.DRAINING, Use.NONE, "drain", Availability.UNTIL_NEWS);
  private static final Availability BUSY =
      new Availability(ServerState.BUSY, Use.ANY, "queues", Availability.UNTIL_NEWS);

  private final List<BackendView> servers = new ArrayList<>();
  private Basis basis = Basis.BALANCER;

  private HomeTest server(String name, int inflight, Availability availability) {
    servers.removeIf(each -> each.name().equals(name));
    servers.add(BackendView.of(name, inflight, 1, 1_000, availability, true, false));
    return this;
  }

  private HomeTest all(int inflight) {
    for (String name : List.of("a", "b", "c", "d")) {
      server(name, inflight, Availability.UP);
    }
    return this;
  }

  private Home find(long digest, Affinity affinity, int only) {
    Snapshot snapshot = Snapshot.of(servers);
    Candidates candidates = new Candidates();
    candidates.clear(servers.size());
    for (int i = 0; i < snapshot.size(); i++) {
      if (snapshot.view(i).availability().eligible()) {
        candidates.add(snapshot.view(i), 1);
      }
    }
    return new Home().find(digest, snapshot, candidates, affinity, only);
  }

  /** Who takes the request. */
  private String taker(long digest, Affinity affinity) {
    Home home = find(digest, affinity, Selector.NO_HOME);
    basis = home.basis();
    List<String> eligible =
        servers.stream().filter(s -> s.availability().eligible()).map(BackendView::name).toList();
    return home.position() < 0 ? "nobody" : eligible.get(home.position());
  }

  private String soft(long digest) {
    return taker(digest, SOFT);
  }

  @Test
  void find_quietPool_isTheSameForEveryGateway_inWhateverOrderItsServersStand() {
    Random random = new Random(3);
    for (int i = 0; i < 1_000; i++) {
      long digest = random.nextLong();
      servers.clear();
      String one = all(i % 5).soft(digest);
      assertThat(basis).isEqualTo(Basis.OWNER);
      java.util.Collections.reverse(servers);
      assertThat(soft(digest)).isEqualTo(one);
    }
  }

  @Test
  void find_homeOverItsBound_goesToTheNext_andBack() {
    String home = all(10).soft(77);
    server(home, 20, Availability.UP);
    String next = soft(77);
    assertThat(next).isNotEqualTo(home);
    assertThat(basis).isEqualTo(Basis.SPILLED);
    for (int i = 0; i < 5; i++) {
      assertThat(soft(77)).as("always the same next").isEqualTo(next);
    }
    server(home, 10, Availability.UP);
    assertThat(soft(77)).isEqualTo(home);
    assertThat(basis).isEqualTo(Basis.OWNER);
  }

  @Test
  void find_boundInNumbers_isTheShareOfAllTimesThePercent_roundedUp() {
    String home = all(40).soft(77);
    // (120 + n + 1) / 4 * 1.25 >= n + 1 up to n = 53: 54.375, rounded up, is 55 of 175.
    server(home, 54, Availability.UP);
    assertThat(soft(77)).isEqualTo(home);
    server(home, 56, Availability.UP);
    assertThat(soft(77)).isNotEqualTo(home);
  }

  @Test
  void find_fewRequests_areNoLoad() {
    String home = all(0).soft(77);
    server(home, Home.FREE - 1, Availability.UP);
    assertThat(soft(77)).isEqualTo(home);
    server(home, Home.FREE, Availability.UP);
    assertThat(soft(77)).isNotEqualTo(home);
    assertThat(basis).isEqualTo(Basis.SPILLED);
  }

  private HomeTest backlog(String name, long tokens, double tokensPerMilli) {
    servers.replaceAll(
        each ->
            each.name().equals(name) ? each.loaded(tokens, 0, tokens, tokensPerMilli, 0) : each);
    return this;
  }

  @Test
  void find_homeHasHalfASecondToCompute_isNoLoad_moreIs() {
    String home = all(0).soft(77);
    backlog(home, 5_000, 10);
    assertThat(soft(77)).isEqualTo(home);
    backlog(home, 5_001, 10);
    assertThat(soft(77)).isNotEqualTo(home);
    assertThat(basis).isEqualTo(Basis.SPILLED);
    backlog(home, 9_000, 20);
    assertThat(soft(77)).as("time counts, not tokens").isEqualTo(home);
  }

  @Test
  void find_everyoneHasLongToCompute_boundIsTheMeanTimesThePercent() {
    String home = all(0).soft(77);
    for (BackendView each : List.copyOf(servers)) {
      backlog(each.name(), 20_000, 10);
    }
    // (3 * 2,000 + t) / 4 * 1.25 >= t up to t = 2,727 ms.
    backlog(home, 27_200, 10);
    assertThat(soft(77)).isEqualTo(home);
    backlog(home, 27_400, 10);
    String next = soft(77);
    assertThat(next).isNotEqualTo(home);
    backlog(home, 50_000, 10).backlog(next, 50_000, 10);
    assertThat(soft(77)).as("the next is over the bound as well").isNotIn(home, next);
    assertThat(taker(77, STRICT)).as("strict waits").isEqualTo(home);
  }

  @Test
  void find_homeWarmsUp_itsBoundIsAsMuchLower_andItStaysTheHome() {
    String home = all(0).soft(77);
    for (int inflight : new int[] {1, 2}) {
      servers.removeIf(each -> each.name().equals(home));
      servers.add(BackendView.of(home, inflight, 1, 1_000, Availability.UP, true, false, 0.25));
      // Two for a quarter of eight.
      assertThat(soft(77).equals(home)).isEqualTo(inflight < 2);
    }
    assertThat(basis).isEqualTo(Basis.SPILLED);
  }

  @Test
  void find_everyoneOverTheBound_isTheHome() {
    String home = all(0).soft(77);
    servers.replaceAll(each -> BackendView.of(each.name(), 8, 1, 1_000, BUSY, true, false));
    assertThat(soft(77)).isEqualTo(home);
  }

  @Test
  void find_busyHome_spills() {
    String home = all(3).soft(77);
    server(home, 3, BUSY);
    assertThat(soft(77)).isNotEqualTo(home);
    assertThat(basis).isEqualTo(Basis.SPILLED);
  }

  @Test
  void find_homeAtItsLimit_spills() {
    String home = all(3).soft(77);
    Snapshot snapshot = Snapshot.of(servers);
    Candidates others = new Candidates();
    others.clear(servers.size());
    for (int i = 0; i < snapshot.size(); i++) {
      if (!snapshot.view(i).name().equals(home)) {
        others.add(snapshot.view(i), 1);
      }
    }
    Home found = new Home().find(77, snapshot, others, SOFT, Selector.NO_HOME);
    assertThat(found.basis()).isEqualTo(Basis.SPILLED);
  }

  @Test
  void find_homeDown_movesToTheNextInOrder_andBackWhenItReturns() {
    String home = all(3).soft(77);
    server(home, 0, DOWN);
    String next = soft(77);
    assertThat(next).isNotEqualTo(home);
    assertThat(basis).isEqualTo(Basis.MOVED);
    server(home, 20, Availability.UP);
    assertThat(soft(77)).as("the next when it is full is the same").isEqualTo(next);
    server(home, 0, Availability.UP);
    assertThat(soft(77)).isEqualTo(home);
    assertThat(basis).isEqualTo(Basis.OWNER);
  }

  @Test
  void find_homeThatIsEmptied_givesItsConversationsAway() {
    String home = all(3).soft(77);
    server(home, 3, DRAINING);
    String next = soft(77);
    assertThat(next).isNotEqualTo(home);
    assertThat(basis).as("until it is back").isEqualTo(Basis.MOVED);
    assertThat(taker(77, STRICT)).isEqualTo(next);
  }

  @Test
  void find_serverDown_movesNobodyElse() {
    all(3);
    Random random = new Random(11);
    long[] digests = random.longs(2_000).toArray();
    String[] before = Arrays.stream(digests).mapToObj(this::soft).toArray(String[]::new);
    server("b", 3, DOWN);
    int moved = 0;
    for (int i = 0; i < digests.length; i++) {
      if (before[i].equals("b")) {
        moved++;
        assertThat(soft(digests[i])).isNotEqualTo("b");
      } else {
        assertThat(soft(digests[i])).isEqualTo(before[i]);
      }
    }
    assertThat(moved).isBetween(400, 600);
  }

  @Test
  void find_strictAndOut_isNobody_andOnlyTheHomeIsAReason() {
    String home = all(3).soft(77);
    server(home, 3, DOWN);
    Home found = find(77, STRICT, Selector.NO_HOME);
    assertThat(found.position()).isNegative();
    List<Rejection> all =
        servers.stream()
            .map(each -> new Rejection(each.name(), "available", "down", each.availability()))
            .toList();
    assertThat(found.rejections(all, Snapshot.of(servers)))
        .singleElement()
        .satisfies(
            only -> {
              assertThat(only.backend()).isEqualTo(home);
              assertThat(only.filter()).isEqualTo(Selection.AFFINITY);
              assertThat(only.reason()).contains("at home there", "available: down");
            });
  }

  @Test
  void find_strictAndFull_staysWhereItIs() {
    String home = all(0).soft(77);
    server(home, 500, BUSY);
    assertThat(taker(77, STRICT)).isEqualTo(home);
    assertThat(basis).isEqualTo(Basis.OWNER);
  }

  @Test
  void find_onlyOneServerCanTakeIt_isThatOne_whateverTheOrderSays() {
    all(0);
    for (int only = 0; only < 4; only++) {
      assertThat(find(77, SOFT, only).position()).isEqualTo(only);
    }
    server("d", 0, DRAINING);
    assertThat(find(77, SOFT, 3).position()).as("emptied, and still the only one").isNegative();
  }
}
