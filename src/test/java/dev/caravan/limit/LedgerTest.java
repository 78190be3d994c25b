package dev.caravan.limit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caravan.health.HandTicker;
import dev.caravan.tenant.Quota;
import dev.caravan.testing.Ledgers;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class LedgerTest {
  private static final Quota NONE = new Quota(0, 0, 0, 0);

  private final HandTicker ticker = new HandTicker();
  private final AtomicLong wall =
      new AtomicLong(Instant.parse("2026-11-26T12:00:00Z").toEpochMilli());
  private final List<String> told = new ArrayList<>();
  private final Ledger ledger =
      new Ledger(
          ticker,
          wall::get,
          false,
          new Ledger.Listener() {
            @Override
            public void made(Account account) {
              told.add("+" + account);
            }

            @Override
            public void gone(Account account) {
              told.add("-" + account);
            }
          });

  private Reservation ask(Quota tenant, Quota pool, int prompt, int maxTokens) {
    return Objects.requireNonNull(
        ledger.reserve("acme", true, tenant, "llama", pool, prompt, maxTokens, true));
  }

  private Account account(String name) {
    return ledger.all().stream().filter(each -> each.name().equals(name)).findFirst().orElseThrow();
  }

  @Test
  void withoutLimits_thereIsNothingToHold() {
    assertThat(ledger.reserve("acme", true, NONE, "llama", NONE, 10, -1, true)).isNull();
    assertThat(ledger.all()).isEmpty();
  }

  @Test
  void tokens_areReservedAndThenSettledByWhatItCost() {
    Quota quota = new Quota(0, 1_000, 0, 0);
    Reservation one = ask(quota, NONE, 100, 500);
    assertThat(one.refusal()).isNull();
    assertThat(one.tokens()).isEqualTo(600);
    assertThat(account("acme").remainingTokens(ticker.nanos())).isEqualTo(400);
    Reservation two = ask(quota, NONE, 100, 500);
    assertThat(two.refusal())
        .isEqualTo(
            new Refusal(
                Limit.TOKENS,
                account("acme"),
                1_000,
                600,
                TokenBucket.nanosFor(1_000, 200),
                false));
    one.settle(100, 20);
    one.settle(100, 20);
    one.giveBack();
    assertThat(account("acme").remainingTokens(ticker.nanos())).isEqualTo(880);
    assertThat(account("acme").totals().charged()).isEqualTo(120);
    assertThat(account("acme").totals().refused(Limit.TOKENS)).isEqualTo(1);
  }

  @Test
  void waited_asLongAsItWasTold_itIsTaken() {
    Quota quota = new Quota(2, 0, 0, 0);
    ask(quota, NONE, 1, 1);
    ask(quota, NONE, 1, 1);
    Refusal no = Objects.requireNonNull(ask(quota, NONE, 1, 1).refusal());
    assertThat(no.by()).isEqualTo(Limit.REQUESTS);
    assertThat(no.waitNanos()).isEqualTo(30_000_000_000L);
    ticker.pass(29_999);
    assertThat(ask(quota, NONE, 1, 1).refusal()).isNotNull();
    ticker.pass(1);
    assertThat(ask(quota, NONE, 1, 1).refusal()).isNull();
  }

  @Test
  void whatWasNeverServed_countsNowhere() {
    Quota quota = new Quota(5, 1_000, 1, 10_000);
    Reservation one = ask(quota, quota, 100, 100);
    assertThat(Objects.requireNonNull(ask(quota, quota, 1, 1).refusal()).by())
        .isEqualTo(Limit.CONCURRENT);
    one.giveBack();
    for (String name : List.of("acme", "llama")) {
      Account account = account(name);
      assertThat(account.remainingRequests(ticker.nanos())).isEqualTo(5);
      assertThat(account.remainingTokens(ticker.nanos())).isEqualTo(1_000);
      assertThat(account.usedThisMonth(wall.get())).isZero();
      assertThat(account.running()).isZero();
      assertThat(account.totals().charged()).isZero();
    }
  }

  @Test
  void poolOverItsLimit_takesNothingOfTheTenant() {
    Quota tenant = new Quota(5, 0, 5, 0);
    Quota pool = new Quota(1, 0, 0, 0);
    ask(tenant, pool, 1, 1);
    Refusal no = Objects.requireNonNull(ask(tenant, pool, 1, 1).refusal());
    assertThat(no.account().scope()).isEqualTo(Scope.POOL);
    assertThat(account("acme").remainingRequests(ticker.nanos())).isEqualTo(4);
    assertThat(account("acme").running()).isEqualTo(1);
  }

  @Test
  void askingForMoreThanTheLimitIs_isNeverServed_andTakesNothing() {
    Quota quota = new Quota(5, 1_000, 0, 0);
    Refusal no = Objects.requireNonNull(ask(quota, NONE, 600, 401).refusal());
    assertThat(no.never()).isTrue();
    assertThat(no.asked()).isEqualTo(1_001);
    assertThat(account("acme").remainingRequests(ticker.nanos())).isEqualTo(5);
    assertThat(ask(quota, NONE, 600, 400).refusal()).isNull();
  }

  @Test
  void answersThatAreOnlyLikely_keepNobodyOutForEver() {
    Quota quota = new Quota(0, 200, 0, 0);
    Reservation one = ask(quota, NONE, 10, -1);
    assertThat(one.refusal()).isNull();
    assertThat(one.tokens()).isEqualTo(200);
  }

  @Test
  void month_isTheCalendars_andABudgetBeginsAnew() {
    Quota quota = new Quota(0, 0, 0, 1_000);
    Reservation one = ask(quota, NONE, 500, 500);
    assertThat(one.refusal()).isNull();
    Refusal no = Objects.requireNonNull(ask(quota, NONE, 1, 0).refusal());
    assertThat(no.by()).isEqualTo(Limit.BUDGET);
    long december = Instant.parse("2026-12-01T00:00:00Z").toEpochMilli();
    assertThat(no.waitNanos()).isEqualTo((december - wall.get()) * 1_000_000);
    assertThat(account("acme").monthEndMillis(wall.get())).isEqualTo(december);
    wall.set(december - 1);
    assertThat(ask(quota, NONE, 1, 0).refusal()).isNotNull();
    wall.set(december);
    assertThat(ask(quota, NONE, 400, 500).refusal()).isNull();
    one.settle(100); // of the month before
    assertThat(account("acme").usedThisMonth(wall.get())).isEqualTo(900);
    wall.set(december - 1); // a clock that is set back
    assertThat(account("acme").usedThisMonth(wall.get())).isEqualTo(900);
    wall.set(Instant.parse("2036-01-05T00:00:00Z").toEpochMilli()); // or was far ahead for a while
    assertThat(account("acme").usedThisMonth(wall.get())).isZero();
    wall.set(december);
    assertThat(account("acme").monthEndMillis(wall.get()))
        .isEqualTo(Instant.parse("2027-01-01T00:00:00Z").toEpochMilli());
  }

  @Test
  void estimate_comesFromWhatServersSay() {
    Quota quota = new Quota(0, 1_000_000, 0, 0);
    for (int i = 0; i < 400; i++) {
      ask(quota, NONE, 100, -1).settle(200, 50);
    }
    Reservation next = ask(quota, NONE, 100, -1);
    assertThat(next.promptTokens()).isBetween(199L, 201L);
    assertThat(next.tokens()).isBetween(248L, 253L);
    assertThat(ledger.estimate("llama").bytesPerToken()).isBetween(1.99, 2.01);
  }

  @Test
  void embeddings_reserveNoAnswer() {
    Quota quota = new Quota(0, 1_000, 0, 0);
    Reservation one =
        Objects.requireNonNull(ledger.reserve("acme", true, quota, "llama", NONE, 100, -1, false));
    assertThat(one.tokens()).isEqualTo(100);
  }

  @Test
  void idleAccounts_areForgotten_thoseInUseAreNot() {
    Quota quota = new Quota(5, 0, 1, 0);
    Reservation one = ask(quota, NONE, 1, 1);
    ticker.pass(120_000);
    ledger.sweep();
    assertThat(ledger.all()).hasSize(1);
    one.settle(1);
    ledger.sweep();
    assertThat(ledger.all()).isEmpty();
    assertThat(told).containsExactly("+tenant acme", "-tenant acme");
  }

  @Test
  void budget_isRememberedOverAnIdleTime() {
    Quota quota = new Quota(0, 0, 0, 1_000);
    ask(quota, NONE, 1, 1).settle(900);
    ticker.pass(3_600_000);
    ledger.sweep();
    assertThat(account("acme").usedThisMonth(wall.get())).isEqualTo(900);
  }

  @Test
  void tenantsWithoutEnd_takeNoMemoryWithoutEnd() {
    Quota quota = new Quota(5, 0, 0, 1_000);
    for (int i = 0; i < Ledger.MOST_TENANTS + 500; i++) {
      Objects.requireNonNull(ledger.reserve("t" + i, true, quota, "llama", NONE, 1, 1, true))
          .settle(1);
      ticker.pass(1);
    }
    assertThat(ledger.all()).hasSizeLessThanOrEqualTo(Ledger.MOST_TENANTS);
    List<String> left = ledger.all().stream().map(Account::name).toList();
    assertThat(left).contains("t" + (Ledger.MOST_TENANTS + 499)).doesNotContain("t0");
  }

  @Test
  void tenantInAPool_hasItsOwnAccount_withinThatOfTheTenant() {
    Quota tenant = new Quota(3, 0, 0, 0);
    Quota both = new Quota(1, 0, 0, 0);
    Reservation one = Objects.requireNonNull(inPool(tenant, both, "llama"));
    assertThat(one.refusal()).isNull();
    Refusal no = Objects.requireNonNull(inPool(tenant, both, "llama").refusal());
    assertThat(no.account().scope()).isEqualTo(Scope.TENANT_POOL);
    assertThat(no.account()).hasToString("tenant and pool acme:llama");
    assertThat(inPool(tenant, both, "qwen").refusal()).isNull();
    assertThat(account("acme").remainingRequests(ticker.nanos())).isEqualTo(1);
    one.giveBack();
    assertThat(account("acme:llama").remainingRequests(ticker.nanos())).isEqualTo(1);
    ticker.pass(120_000);
    ledger.sweep();
    assertThat(ledger.all()).isEmpty();
    assertThat(told).contains("+tenant and pool acme:llama", "-tenant and pool acme:llama");
  }

  private Reservation inPool(Quota tenant, Quota both, String pool) {
    return Objects.requireNonNull(
        ledger.reserve(
            new Ledger.Quotas("acme", true, tenant, both, pool, Quota.UNLIMITED), 1, 1, true));
  }

  /** A place that is taken counts, though the account is being forgotten just then. */
  @Test
  void sweep_whileOthersTake_losesNoPlace() throws Exception {
    Quota one = new Quota(0, 0, 1, 0);
    int rounds = 3_000;
    Ledger shared = Ledgers.of(ticker);
    AtomicInteger taken = new AtomicInteger();
    CyclicBarrier begin = new CyclicBarrier(3, () -> ticker.pass(61_000));
    CyclicBarrier over = new CyclicBarrier(3);
    Callable<Void> takes =
        () -> {
          for (int i = 0; i < rounds; i++) {
            begin.await();
            Reservation mine =
                Objects.requireNonNull(
                    shared.reserve("acme", true, one, "llama", NONE, 1, 1, true));
            over.await();
            if (mine.refusal() == null) {
              taken.incrementAndGet();
            }
            mine.settle(1);
          }
          return null;
        };
    ExecutorService threads = Executors.newFixedThreadPool(2);
    List<Future<Void>> takers = List.of(threads.submit(takes), threads.submit(takes));
    for (int i = 0; i < rounds; i++) {
      begin.await();
      shared.sweep();
      over.await();
    }
    for (Future<Void> each : takers) {
      each.get();
    }
    threads.shutdown();
    assertThat(taken).hasValue(rounds); // one of the two, each time
  }

  /** Accounts are used while the oldest are looked for: their order changes under the search. */
  @Test
  void tenantsWithoutEnd_whileOthersAreUsed_areForgottenAllTheSame() throws InterruptedException {
    Quota quota = new Quota(5, 0, 0, 1_000);
    Ledger shared = Ledgers.of(ticker);
    AtomicBoolean stop = new AtomicBoolean();
    AtomicReference<Throwable> failed = new AtomicReference<>();
    Thread uses =
        new Thread(
            () -> {
              for (int i = 0; !stop.get(); i++) {
                ticker.pass(1);
                Objects.requireNonNull(
                        shared.reserve(
                            "t" + i % Ledger.MOST_TENANTS, true, quota, "llama", NONE, 1, 1, true))
                    .giveBack();
              }
            });
    Thread.UncaughtExceptionHandler note = (thread, thrown) -> failed.compareAndSet(null, thrown);
    uses.setUncaughtExceptionHandler(note);
    uses.start();
    for (int i = 0; i < 5 * Ledger.MOST_TENANTS; i++) {
      Objects.requireNonNull(shared.reserve("t" + i, true, quota, "llama", NONE, 1, 1, true))
          .settle(1);
    }
    stop.set(true);
    uses.join();
    assertThat(failed).hasValue(null);
    assertThat(shared.all()).hasSizeLessThanOrEqualTo(Ledger.MOST_TENANTS + 2);
  }

  /** However requests end, and in whatever order: what is open is held, what is over is not. */
  @Property
  void sums_areAlwaysRight(
      @ForAll @Size(max = 80) List<@IntRange(min = 0, max = 5) Integer> steps,
      @ForAll @IntRange(min = 1, max = 300) int prompt) {
    new LedgerTest().checkSums(steps, prompt); // each try with accounts of its own
  }

  private void checkSums(List<Integer> steps, int prompt) {
    Quota quota = new Quota(10_000, 1_000_000, 8, 500_000);
    ask(quota, quota, 1, 0).giveBack();
    List<Reservation> open = new ArrayList<>();
    long cost = 0;
    int served = 0;
    for (int step : steps) {
      if (step < 3) {
        Reservation next = ask(quota, quota, prompt, 100);
        assertThat(next.refusal() == null).isEqualTo(open.size() < 8);
        if (next.refusal() == null) {
          open.add(next);
        }
      } else if (!open.isEmpty()) {
        Reservation ending = open.remove(step % open.size());
        if (step == 3) {
          ending.giveBack();
        } else {
          ending.settle(step * 10L);
          cost += step * 10L;
          served++;
        }
      }
      long held = cost + open.stream().mapToLong(Reservation::tokens).sum();
      for (Account account : ledger.all()) {
        assertThat(account.running()).isEqualTo(open.size());
        assertThat(account.usedThisMonth(wall.get())).isEqualTo(held);
        assertThat(account.remainingTokens(ticker.nanos())).isEqualTo(1_000_000 - held);
        assertThat(account.remainingRequests(ticker.nanos()))
            .isEqualTo(10_000 - served - open.size());
        assertThat(account.totals().charged()).isEqualTo(cost);
      }
    }
  }
}
