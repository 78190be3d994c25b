package dev.caravan.limit.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.caravan.limit.Account;
import dev.caravan.limit.Ledger;
import dev.caravan.limit.Limit;
import dev.caravan.limit.Reservation;
import dev.caravan.tenant.Quota;
import dev.caravan.testing.FaultyProxy;
import dev.caravan.time.Ticker;
import dev.caravan.time.WallClock;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What gateways know of each other through whatever speaks as Redis does. */
abstract class SharingContract {
  private static final Duration LONG = Duration.ofSeconds(20);
  private static final Quota NONE = new Quota(0, 0, 0, 0);
  private static final WallClock NOVEMBER =
      () -> Instant.parse("2026-11-26T12:00:00Z").toEpochMilli();

  private final Deque<AutoCloseable> open = new ArrayDeque<>();
  private int names;

  /** The port of a server that knows nothing yet. */
  abstract int server() throws Exception;

  @AfterEach
  void closeAll() throws Exception {
    for (AutoCloseable each : open) {
      each.close();
    }
  }

  final <T extends AutoCloseable> T closing(T part) {
    open.push(part);
    return part;
  }

  /** One gateway. */
  private final class Gateway {
    private final Ledger ledger = new Ledger(Ticker.system(), NOVEMBER, true, Ledger.Listener.NONE);
    private final RedisSharing sharing;

    Gateway(int port) {
      this(port, 5);
    }

    Gateway(int port, long intervalMillis) {
      sharing =
          closing(
              new RedisSharing(
                  ledger,
                  URI.create("redis://127.0.0.1:" + port),
                  300,
                  "gw" + names++,
                  Ticker.system(),
                  NOVEMBER));
      sharing.start(intervalMillis);
    }

    Reservation ask(Quota quota, int tokens) {
      return Objects.requireNonNull(
          ledger.reserve("acme", true, quota, "llama", NONE, tokens, 0, true));
    }

    Account account() {
      return ledger.all().get(0);
    }

    void awaitConnected(boolean connected) {
      await().atMost(LONG).until(() -> sharing.connected() == connected);
    }

    void awaitMonth(long tokens) {
      await()
          .atMost(LONG)
          .until(() -> account().usedThisMonth(NOVEMBER.epochMillis()), used -> used == tokens);
    }
  }

  @Test
  void whatOneTakes_theOtherHasNot() throws Exception {
    int port = server();
    Quota tenAMinute = new Quota(10, 0, 0, 0); // one comes back every six seconds
    Gateway one = new Gateway(port);
    Gateway two = new Gateway(port);
    for (int i = 0; i < 7; i++) {
      assertThat(one.ask(tenAMinute, 1).refusal()).isNull();
    }
    assertThat(two.ask(tenAMinute, 1).refusal()).isNull();
    await().atMost(LONG).until(() -> two.account().remainingRequests(Ticker.system().nanos()) <= 3);
    await().atMost(LONG).until(() -> one.account().remainingRequests(Ticker.system().nanos()) <= 3);
    int more = 0;
    while (two.ask(tenAMinute, 1).refusal() == null) {
      more++;
    }
    assertThat(more).isBetween(1, 4);
  }

  @Test
  void whatIsGivenBack_isThereForTheOther() throws Exception {
    int port = server();
    Quota quota = new Quota(0, 1_000, 0, 5_000);
    Gateway one = new Gateway(port);
    Gateway two = new Gateway(port);
    Reservation large = one.ask(quota, 900);
    assertThat(large.refusal()).isNull();
    two.ask(quota, 1);
    two.awaitMonth(901);
    large.settle(99);
    two.awaitMonth(100);
    await().atMost(LONG).until(() -> two.account().remainingTokens(Ticker.system().nanos()) >= 850);
  }

  @Test
  void placesAreCountedEverywhere_andThoseOfADeadGatewayEnd() throws Exception {
    int port = server();
    Quota three = new Quota(0, 0, 3, 0);
    Gateway one = new Gateway(port);
    Gateway two = new Gateway(port);
    Reservation first = one.ask(three, 1);
    one.ask(three, 1);
    two.ask(three, 1).settle(1);
    await().atMost(LONG).until(() -> two.account().running() == 2);
    Reservation third = two.ask(three, 1);
    assertThat(third.refusal()).isNull();
    assertThat(Objects.requireNonNull(two.ask(three, 1).refusal()).by())
        .isEqualTo(Limit.CONCURRENT);
    first.settle(1);
    await().atMost(LONG).until(() -> two.account().running() == 2);
    third.settle(1);
    one.sharing.close();
    await().atMost(LONG).until(() -> two.account().running() == 0);
  }

  @Test
  void aNewGateway_learnsWhatWasUsedBeforeIt() throws Exception {
    int port = server();
    Quota budget = new Quota(0, 0, 0, 1_000);
    Gateway one = new Gateway(port);
    one.ask(budget, 900).settle(950);
    one.sharing.close();
    Gateway two = new Gateway(port);
    two.ask(budget, 10).settle(10);
    two.awaitMonth(960);
    assertThat(Objects.requireNonNull(two.ask(budget, 50).refusal()).by()).isEqualTo(Limit.BUDGET);
  }

  @Test
  void redisHangs_nobodyWaits_andLaterEverythingCountsOnce() throws Exception {
    FaultyProxy network = closing(new FaultyProxy(server()));
    Quota quota = new Quota(0, 0, 0, 100_000);
    Gateway one = new Gateway(network.port());
    Gateway two = new Gateway(network.port());
    one.ask(quota, 100).settle(100);
    two.ask(quota, 100).settle(100);
    one.awaitMonth(200);
    two.awaitMonth(200);
    network.loseEverything();
    one.ask(quota, 10).settle(10);
    one.awaitConnected(false);
    two.awaitConnected(false);
    assertThat(one.sharing.failures()).isPositive();
    for (int i = 0; i < 20; i++) {
      assertThat(one.ask(quota, 1).refusal()).isNull();
      assertThat(two.ask(quota, 1).refusal()).isNull();
    }
    network.heal();
    one.awaitConnected(true);
    two.awaitConnected(true);
    one.awaitMonth(250);
    two.awaitMonth(250);
  }

  @Test
  void connectionsAreReset_andMadeAgain_andEverythingCountsOnce() throws Exception {
    FaultyProxy network = closing(new FaultyProxy(server()));
    Quota quota = new Quota(0, 0, 0, 100_000);
    Gateway one = new Gateway(network.port(), 1);
    Gateway two = new Gateway(network.port(), 1);
    two.ask(quota, 1).settle(1);
    long sum = 1;
    for (int round = 0; round < 5; round++) {
      for (int i = 0; i < 50; i++) {
        one.ask(quota, 3).settle(2);
        sum += 2;
      }
      network.resetEverything();
      one.awaitConnected(false);
      network.heal();
      one.awaitConnected(true);
    }
    one.awaitMonth(sum);
    two.awaitMonth(sum);
  }

  @Test
  void whileItIsAway_limitsHoldHere() throws Exception {
    FaultyProxy network = closing(new FaultyProxy(server()));
    network.resetEverything();
    Gateway alone = new Gateway(network.port());
    Quota two = new Quota(0, 0, 2, 0);
    alone.ask(two, 1);
    alone.ask(two, 1);
    assertThat(alone.ask(two, 1).refusal()).isNotNull();
    await().atMost(LONG).until(() -> alone.sharing.failures() > 0);
  }

  @Test
  void close_doesNotWaitForAServerThatHangs() throws Exception {
    FaultyProxy network = closing(new FaultyProxy(server()));
    Gateway one = new Gateway(network.port());
    one.awaitConnected(true);
    network.loseEverything();
    one.ask(new Quota(0, 0, 0, 10), 1);
    Ticker ticker = Ticker.system();
    long before = ticker.nanos();
    one.sharing.close();
    // Twice the timeout, with room for a machine that is busy.
    assertThat(ticker.nanos() - before).isLessThan(Duration.ofSeconds(15).toNanos());
  }
}
