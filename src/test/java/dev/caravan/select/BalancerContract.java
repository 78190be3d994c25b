package dev.caravan.select;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.caravan.fleet.Availability;
import dev.caravan.fleet.Availability.Use;
import dev.caravan.fleet.Backend;
import dev.caravan.fleet.Gate;
import dev.caravan.fleet.Lease;
import dev.caravan.fleet.ServerState;
import dev.caravan.outcome.Outcome.Completed;
import dev.caravan.request.AnyRequest;
import dev.caravan.request.InferenceRequest;
import dev.caravan.select.Selection.NoneEligible;
import dev.caravan.select.Selection.Selected;
import dev.caravan.testing.Together;
import dev.caravan.time.Chance;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/**
 * What every named balancer must hold, in scenarios named after what operators go through. Each
 * pick of each scenario is verified by {@link Road}.
 */
abstract class BalancerContract extends SlowStartContract {

  @Test
  void coldStart_everyoneIdle_firstRoundsReachEveryone() {
    Road road = road(UNLIMITED, 1, 1, 1, 1, 1);
    int requests = 5 * roundsUntilEveryoneHasOne();
    assertThat(road.shares(requests, requests)).doesNotContain(0);
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
  void tenThousandRequests_sharesAreThoseDue() {
    int[] weights = {5, 3, 2};
    int[] counts = road(UNLIMITED, weights).shares(10_000, 100);
    double[] due = dueShares(weights);
    for (int i = 0; i < weights.length; i++) {
      double part = counts[i] / (10_000 * due[i]);
      assertThat(part).isCloseTo(1, within(dueWithin()));
    }
  }

  @Test
  void anythingHappens_everyPickIsSound() {
    Chance chance = Chance.seeded(17);
    Road road = new Road(selector(), this::mixed, ticker, 4, 1, 2, 3, 4, 1, 1);
    road.panicPercent = 60;
    for (int i = 0; i < 20_000; i++) {
      Backend server = road.servers[chance.below(6)];
      ticker.pass(chance.below(30));
      switch (chance.below(9)) {
        case 8 -> road.firstToken();
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
    Road road = new Road(selector(), this::mixed, ticker, 6, 3, 1, 2);
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
      ticker.pass(chance.below(40));
      if (chance.below(3) > 0) {
        road.firstToken();
      }
      if (road.held() > 0 && chance.below(2) == 0) {
        road.release();
      } else if (road.pick(Tried.NONE) instanceof Selected) {
        road.hold();
      }
    }
    Selector replayed = selector();
    for (int i = 0; i < road.log.size(); i++) {
      String line = road.log.get(i);
      int arrow = line.lastIndexOf(" -> ");
      Snapshot snapshot = Snapshot.parse(line.substring(0, arrow));
      OptionalInt chosen = replayed.replay(mixed(i), snapshot, road.panicPercent);
      assertThat(chosen.orElse(-1)).isEqualTo(Integer.parseInt(line.substring(arrow + 4)));
    }
    road.finish();
  }

  @Test
  void fourEventLoops_limitsHoldAndNothingIsLeft() {
    Selector selector = selector();
    Backend[] servers = {Road.server("a", 2, 3), Road.server("b", 1, 3), Road.server("c", 1, 3)};
    List<Integer> picks =
        Together.run(
            4,
            () -> {
              List<InferenceRequest> requests = AnyRequest.mixed(100);
              List<Lease> open = new ArrayList<>();
              int mine = 0;
              for (int i = 0; i < 10_000; i++) {
                InferenceRequest request = requests.get(i % 100);
                if (selector.select(request, servers, Tried.NONE, 10)
                    instanceof Selected selected) {
                  Lease lease = Lease.open(selected.backend(), "llama", ticker, selected.work());
                  assertThat(selected.backend().inflight()).isBetween(0, 3);
                  if (lease != null) {
                    mine++;
                    open.add(lease);
                    selector.sent(request, servers, selected.index());
                  }
                }
                if (open.size() >= 3) {
                  Lease oldest = open.remove(0);
                  oldest.firstByte(true);
                  oldest.close(new Completed(200));
                }
              }
              open.forEach(lease -> lease.close(new Completed(200)));
              return mine;
            });
    assertThat(picks).allMatch(mine -> mine > 0);
    assertThat(servers).allMatch(server -> server.inflight() == 0);
    assertThat(servers).allMatch(server -> server.load().tokens() == 0);
    assertThat(servers).allMatch(server -> server.load().backlogTokens(ticker.nanos(), 1) == 0);
  }
}
