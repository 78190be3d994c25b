package dev.caravan.health;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caravan.fleet.Availability;
import dev.caravan.fleet.Backend;
import dev.caravan.fleet.BackendSpec;
import dev.caravan.fleet.Lease;
import dev.caravan.fleet.Pool;
import dev.caravan.fleet.PoolPolicy;
import dev.caravan.fleet.PoolPolicy.Ejection;
import dev.caravan.outcome.Outcome;
import dev.caravan.outcome.Outcome.Cause;
import dev.caravan.outcome.Outcome.Completed;
import dev.caravan.outcome.Outcome.FailedAfter;
import dev.caravan.outcome.Outcome.FailedBefore;
import dev.caravan.outcome.Outcome.Throttled;
import dev.caravan.testing.CapturedLog;
import dev.caravan.testing.Together;
import dev.caravan.time.Chance;
import java.net.URI;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is learned from how requests end, with time and chance by hand. */
class OutliersTest {
  private static final Outcome GOOD = new Completed(200);
  private static final Outcome BAD = new FailedBefore(Cause.STATUS, "status 500");

  private final HandTicker ticker = new HandTicker();
  private final RecordedSignals signals = new RecordedSignals();
  private final List<String> counted = new ArrayList<>();
  private long bits = 1L << 63; // the middle: no jitter
  private final Chance chance = () -> bits;
  private final Outliers outliers =
      new Outliers(
          signals,
          new EjectionListener() {
            @Override
            public void ejected(String server, Ground ground) {
              counted.add(server + " " + ground.label());
            }

            @Override
            public void heldBack(String server, Ground ground) {
              counted.add(server + " held back " + ground.label());
            }
          },
          ticker,
          chance);

  private Backend server(String name) {
    Backend backend = new Backend(BackendSpec.of(name, URI.create("http://127.0.0.1:1")));
    outliers.watch(backend);
    return backend;
  }

  private Backend[] pool(int size) {
    return pool("llama", size, PoolPolicy.DEFAULT.ejection());
  }

  private Backend[] pool(String name, int size, Ejection ejection) {
    Backend[] servers = new Backend[size];
    for (int i = 0; i < size; i++) {
      servers[i] = server(Character.toString('a' + i));
    }
    form(new Pool(name), ejection, servers);
    return servers;
  }

  private static void form(Pool pool, Ejection ejection, Backend... servers) {
    PoolPolicy like = PoolPolicy.DEFAULT;
    pool.respecify(
        new PoolPolicy(
            like.timeouts(),
            like.attempts(),
            like.retryBudgetPercent(),
            like.hedge(),
            like.pingMillis(),
            like.resume(),
            like.recovery(),
            ejection,
            like.panicPercent(),
            like.affinity()),
        List.of(servers));
  }

  private Lease open(Backend server) {
    return Objects.requireNonNull(Lease.open(server, "llama", ticker));
  }

  private void ends(Backend server, Outcome outcome, int times) {
    for (int i = 0; i < times; i++) {
      open(server).close(outcome);
    }
  }

  /** It has served its time, and proven itself. */
  private void back(Backend server) {
    ticker.pass(signals.times.get(signals.times.size() - 1));
    server.availability(Availability.UP);
  }

  // ---- in a row

  @Test
  void failures_fiveInARow_ejectForTheBaseTime() {
    Backend[] servers = pool(3);
    ends(servers[0], BAD, 4);
    assertThat(signals.told).isEmpty();
    ends(servers[0], new FailedAfter(Cause.RESET, "it hung up"), 1);
    assertThat(signals.told)
        .containsExactly("eject a: 5 requests in a row failed, the last: it hung up");
    assertThat(signals.times).containsExactly(10_000L);
    assertThat(counted).containsExactly("a consecutive_failures");
  }

  @Test
  void failures_aGoodOneBetween_startOver() {
    Backend[] servers = pool(3);
    for (int i = 0; i < 100; i++) {
      ends(servers[0], BAD, 4);
      ends(servers[0], new Completed(404), 1);
    }
    assertThat(signals.told).isEmpty();
  }

  @Test
  void failures_thatSayNothingBetween_goOn() {
    Backend[] servers = pool(3);
    ends(servers[0], BAD, 4);
    ends(servers[0], new Outcome.ClientGone(true), 3);
    ends(servers[0], new FailedBefore(Cause.CLIENT_LIMIT, "its own limit"), 3);
    ends(servers[0], new FailedBefore(Cause.GATEWAY, "a step failed"), 3);
    assertThat(signals.told).isEmpty();
    ends(servers[0], BAD, 1);
    assertThat(signals.told).hasSize(1);
  }

  @Test
  void failures_timeoutsOfABusyServer_areNone() {
    Backend[] servers = pool(3);
    for (int i = 0; i < 20; i++) {
      Lease waits = open(servers[0]);
      Lease served = open(servers[0]);
      served.firstByte(true);
      waits.close(new FailedBefore(Cause.FIRST_BYTE_TIMEOUT, "no first token in 1000 ms"));
      served.close(new Outcome.ClientGone(true));
    }
    assertThat(signals.told).isEmpty();
    ends(servers[0], new FailedBefore(Cause.FIRST_BYTE_TIMEOUT, "no first token in 1000 ms"), 5);
    assertThat(signals.told).hasSize(1);
  }

  @Test
  void ejections_followUponEachOther_areTwiceAsLongUpToFiveMinutes() {
    Backend[] servers = pool(3);
    for (int i = 0; i < 7; i++) {
      ends(servers[0], BAD, 5);
      back(servers[0]);
    }
    assertThat(signals.times)
        .containsExactly(10_000L, 20_000L, 40_000L, 80_000L, 160_000L, 300_000L, 300_000L);
  }

  @Test
  void ejections_eachTenBaseTimesOfPeace_oneIsForgotten() {
    Backend[] servers = pool(3);
    for (int i = 0; i < 4; i++) {
      ends(servers[0], BAD, 5);
      back(servers[0]);
    }
    ticker.pass(99_999);
    ends(servers[0], BAD, 5);
    assertThat(signals.times).endsWith(160_000L);
    back(servers[0]);
    ticker.pass(300_000); // five were counted, three are forgotten
    ends(servers[0], BAD, 5);
    assertThat(signals.times).endsWith(40_000L);
    back(servers[0]);
    ticker.pass(100_000_000);
    ends(servers[0], BAD, 5);
    assertThat(signals.times).endsWith(10_000L);
  }

  @Test
  void ejections_jitter_isATwentyPercentEitherWay() {
    Backend[] servers = pool(3);
    bits = 0;
    ends(servers[0], BAD, 5);
    assertThat(signals.times).endsWith(8_000L);
    bits = -1;
    ends(servers[1], BAD, 5); // the second of three is one too many
    back(servers[0]);
    ends(servers[1], BAD, 5);
    assertThat(signals.times).endsWith(12_000L);
  }

  @Test
  void ejections_aBaseAboveFiveMinutes_isTheLongest() {
    Backend[] servers = pool("llama", 3, new Ejection(1, 900_000, 50));
    ends(servers[0], BAD, 1);
    back(servers[0]);
    ends(servers[0], BAD, 1);
    assertThat(signals.times).containsExactly(900_000L, 900_000L);
  }

  @Test
  void failures_ejectAfterZero_neverEject() {
    Backend[] servers = pool("llama", 4, new Ejection(0, 10_000, 50));
    interval(servers, 0, 100, 100, 100);
    ends(servers[0], BAD, 1_000);
    assertThat(signals.told).isEmpty();
    assertThat(counted).isEmpty();
  }

  @Test
  void failures_lateAnswersOfOneThatIsOut_doNotCount() {
    Backend[] servers = pool(3);
    ends(servers[0], BAD, 5);
    ends(servers[0], BAD, 44);
    assertThat(signals.told).hasSize(1);
    assertThat(counted).hasSize(1);
    back(servers[0]);
    ends(servers[0], BAD, 1); // the 45th in a row, the last of which was told
    assertThat(signals.told).hasSize(2);
  }

  // ---- the limit

  @Test
  void limit_twoOfThreeFail_oneIsEjected_theOtherIsHeldBackUntilThereIsRoom() {
    Backend[] servers = pool(3);
    try (CapturedLog log = CapturedLog.of("dev.caravan.health")) {
      ends(servers[0], BAD, 5);
      ends(servers[1], BAD, 100);
      assertThat(signals.told).hasSize(1);
      assertThat(counted).hasSize(21);
      assertThat(log.lines())
          .containsExactly(
              "WARN b is not ejected, too few others are left: 5 requests in a row failed, the"
                  + " last: status 500");
      ticker.pass(60_000);
      ends(servers[1], BAD, 5);
      assertThat(log.lines()).hasSize(2);
    }
    // Its time is over, but it has not proven itself: it still counts.
    ends(servers[1], BAD, 5);
    assertThat(signals.told).hasSize(1);
    servers[0].availability(Availability.UP);
    ends(servers[1], BAD, 5);
    assertThat(signals.told).hasSize(2);
    assertThat(signals.told.get(1)).startsWith("eject b: ");
  }

  @ParameterizedTest
  @CsvSource({"1, 50, 0", "2, 50, 1", "3, 50, 1", "4, 50, 2", "2, 10, 1", "10, 30, 3", "4, 0, 0"})
  void limit_everyoneFails_soManyAreEjected(int size, int percent, int ejected) {
    Backend[] servers = pool("llama", size, new Ejection(5, 10_000, percent));
    for (int i = 0; i < 20; i++) {
      for (Backend server : servers) {
        ends(server, BAD, 1);
      }
    }
    assertThat(signals.told).hasSize(ejected);
  }

  @Test
  void limit_hundredPercent_theLastOneStays() {
    Backend[] servers = pool("llama", 3, new Ejection(5, 10_000, 100));
    for (Backend server : servers) {
      ends(server, BAD, 50);
    }
    assertThat(signals.told).hasSize(2);
    assertThat(servers[2].availability().eligible()).isTrue();
  }

  @Test
  void limit_othersAreOutOfThemselves_theLastUsableOneStays() {
    Backend[] servers = pool(4);
    servers[1].availability(Availability.down("its probes failed"));
    servers[2].gate(() -> false);
    ends(servers[0], BAD, 5);
    assertThat(signals.told).as("d is left").hasSize(1);
    servers[0].availability(Availability.UP);
    servers[3].availability(Availability.down("its probes failed"));
    ends(servers[0], BAD, 50);
    assertThat(signals.told).hasSize(1);
  }

  @Test
  void limit_serverOfTwoPools_bothMustSpareIt() {
    Backend a = server("a");
    Backend b = server("b");
    Backend c = server("c");
    form(new Pool("llama"), PoolPolicy.DEFAULT.ejection(), a, b, c);
    form(new Pool("small"), PoolPolicy.DEFAULT.ejection(), a);
    ends(a, BAD, 50);
    assertThat(signals.told).isEmpty();
    ends(b, BAD, 5);
    assertThat(signals.told).hasSize(1);
  }

  @Test
  void limit_serverThatItsRouteNamesNoMore_isNotHeldBackByThatPool() {
    Pool small = new Pool("small");
    Backend[] servers = pool(3);
    form(small, PoolPolicy.DEFAULT.ejection(), servers[0]);
    form(small, PoolPolicy.DEFAULT.ejection(), servers[1]);
    ends(servers[0], BAD, 5);
    assertThat(signals.told).hasSize(1);
  }

  @Property(tries = 200)
  void limit_anythingHappens_neverMoreThanHalfIsOut(
      @ForAll @Size(min = 1, max = 400) List<@IntRange(max = 17) Integer> steps) {
    OutliersTest fresh = new OutliersTest();
    Backend[] servers = fresh.pool(6);
    for (int step : steps) {
      Backend server = servers[step % 6];
      if (step < 12) {
        fresh.ends(server, BAD, 5);
      } else {
        server.availability(Availability.UP);
        fresh.ticker.pass(1_000);
      }
      assertThat(Arrays.stream(servers).filter(s -> !s.availability().eligible()).count())
          .isLessThanOrEqualTo(3);
    }
  }

  @Test
  void limit_manyLoopsAtOnce_holds() {
    Backend[] servers = pool("llama", 8, new Ejection(2, 10_000, 50));
    Together.run(
        4,
        () -> {
          for (int i = 0; i < 2_000; i++) {
            ends(servers[i % 8], i % 3 == 0 ? GOOD : BAD, 1);
          }
          return 0;
        });
    assertThat(Arrays.stream(servers).filter(s -> !s.availability().eligible()).count())
        .isBetween(1L, 4L);
  }

  // ---- success rate

  /** So many of a hundred requests go well at each server, spread evenly; then the time is over. */
  private void interval(Backend[] servers, int... good) {
    ends(servers[0], BAD, 1); // there is an interval
    ends(servers[0], GOOD, 1);
    for (int i = 0; i < 100; i++) {
      for (int s = 0; s < servers.length; s++) {
        ends(servers[s], (i + 1) * good[s] / 100 > i * good[s] / 100 ? GOOD : BAD, 1);
      }
    }
    ticker.pass(10_000);
    ends(servers[0], BAD, 1);
    ends(servers[0], GOOD, 1);
  }

  @Test
  void rate_oneOfThreeFarBelow_isEjectedThoughNeverFiveInARow() {
    Backend[] servers = pool(3);
    interval(servers, 99, 60, 98);
    assertThat(signals.told)
        .containsExactly("eject b: 60 % of 100 requests went well, 98 % at the others");
    assertThat(counted).containsExactly("b success_rate");
  }

  @ParameterizedTest
  @CsvSource({
    "99, 86, 98", // below the others, but well enough
    "62, 60, 61", // everyone is ill: nobody stands out
    "99, 70, 60", // nor where they are all over the place
    "100, 100, 100",
  })
  void rate_nobodyStandsOut_nobodyIsEjected(int a, int b, int c) {
    Backend[] servers = pool(3);
    interval(servers, a, b, c);
    assertThat(signals.told).isEmpty();
  }

  @Test
  void rate_twoServers_cannotBeCompared() {
    Backend[] servers = pool(2);
    interval(servers, 99, 60);
    assertThat(signals.told).isEmpty();
  }

  @Test
  void rate_fewerThanTwentyRequests_sayNothing() {
    Backend[] servers = pool(3);
    ends(servers[0], BAD, 1);
    for (int i = 0; i < 50; i++) {
      ends(servers[0], GOOD, 1);
      ends(servers[2], GOOD, 1);
    }
    for (int i = 0; i < 19; i++) {
      ends(servers[1], i % 3 == 0 ? GOOD : BAD, 1);
    }
    ticker.pass(10_000);
    ends(servers[0], BAD, 1);
    assertThat(signals.told).isEmpty();
  }

  @Test
  void rate_beforeTheIntervalIsOver_nobodyIsCompared() {
    Backend[] servers = pool(3);
    ends(servers[0], BAD, 1);
    ticker.pass(9_999);
    for (int i = 0; i < 100; i++) {
      ends(servers[0], i % 3 == 0 ? GOOD : BAD, 1);
      ends(servers[1], GOOD, 1);
      ends(servers[2], GOOD, 1);
    }
    assertThat(signals.told).isEmpty();
    ticker.pass(1);
    ends(servers[0], BAD, 1);
    assertThat(signals.told).hasSize(1);
  }

  @Test
  void rate_aHealthyPastOfAnHour_doesNotHideTheIllness() {
    Backend[] servers = pool(3);
    for (Backend server : servers) {
      ends(server, GOOD, 10_000);
    }
    ticker.pass(3_600_000);
    interval(servers, 99, 60, 98);
    assertThat(signals.told).hasSize(1);
  }

  @Test
  void rate_severalBelow_theLimitHolds() {
    Backend[] servers = pool(8);
    interval(servers, 99, 40, 98, 99, 98, 99, 98, 97);
    assertThat(signals.told).hasSize(1);
  }

  // ---- left alone

  @Test
  void throttled_withATime_isLeftAloneForThat() {
    Backend[] servers = pool(2);
    ends(servers[0], new Throttled(429, 2_500), 1);
    ends(servers[0], new FailedBefore(Cause.STATUS, "status 503", 7_000), 1);
    assertThat(signals.told)
        .containsExactly(
            "throttle a: status 429, retry after 2500 ms",
            "throttle a: status 503, retry after 7000 ms");
    assertThat(signals.times).containsExactly(2_500L, 7_000L);
  }

  @Test
  void throttled_forADay_isLeftAloneForTenMinutes() {
    Backend[] servers = pool(2);
    ends(servers[0], new Throttled(429, 86_400_000), 1);
    assertThat(signals.times).containsExactly(600_000L);
    assertThat(signals.told)
        .containsExactly(
            "throttle a: status 429, retry after 86400000 ms, of which it gets 600000 ms");
  }

  @Test
  void throttled_withoutATime_isLeftAloneTwiceAsLongEachTime() {
    Backend[] servers = pool(2);
    for (int i = 0; i < 7; i++) {
      ends(servers[0], new Throttled(429, -1), 10); // ten were under way
      ticker.pass(signals.times.get(i));
    }
    assertThat(signals.times)
        .containsExactly(1_000L, 2_000L, 4_000L, 8_000L, 16_000L, 30_000L, 30_000L);
    assertThat(signals.told.get(0))
        .isEqualTo("throttle a: status 429; it did not say for how long: 1000 ms");
  }

  @Test
  void throttled_withoutATime_aRequestThatWentWellSinceStartsOver() {
    Backend[] servers = pool(2);
    Lease older = open(servers[0]);
    ends(servers[0], new Throttled(429, -1), 1);
    ticker.pass(1_000);
    older.close(GOOD); // it began before: that there is room again it does not show
    ends(servers[0], new Throttled(429, 0), 1);
    assertThat(signals.times).containsExactly(1_000L, 2_000L);
    ticker.pass(2_000);
    Lease younger = open(servers[0]);
    ticker.pass(5_000);
    younger.close(GOOD);
    ends(servers[0], new Throttled(429, -1), 1);
    assertThat(signals.times).containsExactly(1_000L, 2_000L, 1_000L);
  }

  @Test
  void throttled_neverEjects() {
    Backend[] servers = pool(3);
    ends(servers[0], new FailedBefore(Cause.STATUS, "status 503", 1_000), 50);
    ends(servers[0], new Throttled(429, 1_000), 50);
    assertThat(signals.told).noneMatch(told -> told.startsWith("eject"));
    ends(servers[0], new FailedBefore(Cause.STATUS, "status 503"), 5);
    assertThat(signals.told).last().asString().startsWith("eject");
  }

  // ---- certain

  @Test
  void credentials_areToldAndEjectNobody() {
    Backend[] servers = pool(1);
    ends(servers[0], new FailedBefore(Cause.CREDENTIALS, "status 401"), 1);
    assertThat(signals.told).containsExactly("misconfigured a: status 401");
  }

  @Test
  void refusedConnection_isToldAtOnce_alsoOfTheLastOne() {
    Backend[] servers = pool(1);
    ends(servers[0], new FailedBefore(Cause.REFUSED, "connection refused"), 1);
    assertThat(signals.told).containsExactly("refused a: connection refused");
    assertThat(counted).isEmpty();
  }
}
