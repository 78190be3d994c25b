package dev.caravan.admission;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caravan.fleet.Pool;
import dev.caravan.fleet.PoolPolicy;
import dev.caravan.testing.HandScheduler;
import dev.caravan.testing.Together;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.BeforeTry;
import org.junit.jupiter.api.Test;

class RetryBudgetTest {
  private static final long WINDOW_MILLIS = RecentRequests.WINDOW_NANOS / 1_000_000;
  private static final long SLOT_MILLIS = RecentRequests.SLOT_NANOS / 1_000_000;

  private HandScheduler alarm = new HandScheduler();
  private Pool pool = new Pool("llama");
  private RecentRequests requests = new RecentRequests(alarm.ticker());
  private RetryBudget budget = new RetryBudget(pool, requests, alarm.ticker(), alarm);
  private final List<String> told = new ArrayList<>();

  /** Of a property, every try begins anew. */
  @BeforeTry
  void begin() {
    alarm = new HandScheduler();
    pool = new Pool("llama");
    requests = new RecentRequests(alarm.ticker());
    budget = new RetryBudget(pool, requests, alarm.ticker(), alarm);
  }

  private void percent(int percent) {
    pool.respecify(policy(percent), List.of());
  }

  private static PoolPolicy policy(int percent) {
    PoolPolicy d = PoolPolicy.DEFAULT;
    return new PoolPolicy(
        d.timeouts(),
        d.attempts(),
        percent,
        d.hedge(),
        d.pingMillis(),
        d.resume(),
        d.recovery(),
        d.ejection(),
        d.panicPercent(),
        d.affinity());
  }

  private void arrive(int count) {
    for (int i = 0; i < count; i++) {
      requests.arrived(alarm.ticker().nanos());
    }
  }

  private int takeAll() {
    int taken = 0;
    while (budget.take()) {
      taken++;
    }
    return taken;
  }

  private final class Named implements RetryBudget.Waiter {
    private final String name;

    Named(String name) {
      this.name = name;
    }

    @Override
    public void granted() {
      told.add(name);
    }

    @Override
    public void refused() {
      told.add("not " + name);
    }
  }

  private RetryBudget.Place join(String name) {
    return Objects.requireNonNull(budget.join(new Named(name), Runnable::run));
  }

  @Test
  void take_inAQuietPool_givesTheMinimum() {
    assertThat(takeAll()).isEqualTo(3);
  }

  @Test
  void take_givesAShareOfRecentRequests() {
    arrive(100);
    assertThat(takeAll()).isEqualTo(20 + 3);
  }

  @Test
  void take_givesAShareOfRequestsOnTheirWay_countingNoneTwice() {
    for (int i = 0; i < 100; i++) {
      pool.enter();
    }
    arrive(100);
    assertThat(takeAll()).isEqualTo(20 + 3);
  }

  @Test
  void clientsOwnRetries_earnNothing() {
    for (int i = 0; i < 100; i++) {
      pool.enter();
      pool.repeats(1);
    }
    assertThat(takeAll()).isEqualTo(3);
  }

  @Test
  void take_isRenewedWhenTheWindowHasPassed_notBefore() {
    assertThat(takeAll()).isEqualTo(3);
    alarm.pass(WINDOW_MILLIS - 1);
    assertThat(takeAll()).isZero();
    alarm.pass(SLOT_MILLIS + 1);
    assertThat(takeAll()).isEqualTo(3);
  }

  @Test
  void requestsOfLongAgo_earnNothing() {
    arrive(1_000);
    alarm.pass(WINDOW_MILLIS);
    assertThat(takeAll()).isEqualTo(3);
    alarm.pass(1_000_000);
    assertThat(takeAll()).isEqualTo(3);
  }

  @Test
  void giveBack_isTakenByAnother() {
    assertThat(takeAll()).isEqualTo(3);
    budget.giveBack();
    assertThat(takeAll()).isEqualTo(1);
  }

  @Test
  void percentZero_meansNone_andNoWaiting() {
    percent(0);
    arrive(1_000);
    assertThat(budget.take()).isFalse();
    assertThat(budget.join(new Named("a"), Runnable::run)).isNull();
    assertThat(alarm.pending()).isZero();
  }

  @Test
  void line_isServedInOrder_asRequestsCome() {
    takeAll();
    join("a");
    join("b");
    join("c");
    alarm.pass(1_000);
    assertThat(told).isEmpty();
    arrive(5);
    alarm.pass(RetryBudget.PULSE_MILLIS);
    assertThat(told).containsExactly("a");
    arrive(10);
    alarm.pass(RetryBudget.PULSE_MILLIS);
    assertThat(told).containsExactly("a", "b", "c");
    alarm.pass(RetryBudget.PULSE_MILLIS);
    assertThat(alarm.pending()).as("no timer while nobody waits").isZero();
  }

  @Test
  void take_whileOthersWait_doesNotOvertake() {
    takeAll();
    join("a");
    arrive(5);
    assertThat(budget.take()).isFalse();
    alarm.pass(RetryBudget.PULSE_MILLIS);
    assertThat(told).containsExactly("a");
  }

  @Test
  void whatABurstLeftOver_isServedWithinItsPatience() {
    for (int i = 0; i < 50; i++) {
      pool.enter();
    }
    assertThat(takeAll()).isEqualTo(10 + 3);
    for (int i = 0; i < 10; i++) {
      join("w" + i);
    }
    alarm.pass(WINDOW_MILLIS + SLOT_MILLIS + RetryBudget.PULSE_MILLIS);
    assertThat(told).hasSize(10).noneMatch(word -> word.startsWith("not"));
  }

  @Test
  void waiters_areRefusedWhenTheirPatienceIsOver_inOrder() {
    percent(1);
    takeAll();
    for (int i = 0; i < 8; i++) {
      join("w" + i);
      alarm.pass(100);
    }
    alarm.pass(10_000);
    assertThat(told)
        .containsExactly("w0", "w1", "w2", "not w3", "not w4", "not w5", "not w6", "not w7");
    assertThat(budget.waiting()).isZero();
  }

  @Test
  void manyRefusedAtOnce_earnNothingForThoseBehindThem() {
    percent(50);
    takeAll();
    for (int i = 0; i < 100; i++) {
      pool.enter();
      assertThat(
              budget.join(
                  new RetryBudget.Waiter() {
                    @Override
                    public void granted() {
                      told.add("granted");
                      pool.repeats(1);
                    }

                    @Override
                    public void refused() {
                      told.add("refused");
                      pool.leave();
                    }
                  },
                  Runnable::run))
          .isNotNull();
    }
    alarm.pass(RetryBudget.PATIENCE_NANOS / 1_000_000 + RetryBudget.PULSE_MILLIS);
    assertThat(told).hasSize(100);
    assertThat(told.stream().filter(word -> word.equals("granted"))).hasSize(3);
  }

  @Test
  void left_isToldNothing_andTheNextMovesUp() {
    takeAll();
    RetryBudget.Place first = join("a");
    join("b");
    first.leave();
    assertThat(budget.waiting()).isEqualTo(1);
    arrive(5);
    alarm.pass(RetryBudget.PULSE_MILLIS);
    assertThat(told).containsExactly("b");
  }

  @Test
  void granted_butLeftBeforeItHeard_isGivenBack() {
    takeAll();
    Queue<Runnable> loop = new ConcurrentLinkedQueue<>();
    RetryBudget.Place place = Objects.requireNonNull(budget.join(new Named("a"), loop::add));
    arrive(5);
    alarm.pass(RetryBudget.PULSE_MILLIS);
    assertThat(loop).hasSize(1);
    place.leave();
    loop.remove().run();
    assertThat(told).isEmpty();
    assertThat(budget.take()).isTrue();
    assertThat(budget.take()).isFalse();
  }

  @Test
  void line_isBounded() {
    takeAll();
    for (int i = 0; i < RetryBudget.MAX_WAITING; i++) {
      join("w");
    }
    assertThat(budget.join(new Named("one more"), Runnable::run)).isNull();
  }

  /** What happened and when; every rule is checked from it alone. */
  private static final class Books {
    private final List<Long> arrivals = new ArrayList<>();
    private final List<Long> retries = new ArrayList<>();
    private int onTheirWay;

    private static long within(List<Long> times, long now) {
      return times.stream().filter(at -> now - at < WINDOW_MILLIS).count();
    }

    void retry(long now, int percent) {
      retries.add(now);
      long live = Math.max(onTheirWay, within(arrivals, now));
      assertThat(within(retries, now)).isLessThanOrEqualTo(live * percent / 100 + 3);
    }
  }

  @Property(tries = 300)
  void anySequence_staysWithinTheBudget_servesInOrder_andLosesNobody(
      @ForAll long seed, @ForAll @IntRange(min = 1, max = 100) int percent) {
    Random dice = new Random(seed);
    Books books = new Books();
    percent(percent);
    List<Integer> order = new ArrayList<>();
    List<Integer> refused = new ArrayList<>();
    List<RetryBudget.Place> places = new ArrayList<>();
    Set<Integer> left = new HashSet<>();
    for (int step = 0; step < 300; step++) {
      switch (dice.nextInt(8)) {
        case 0, 1 -> {
          int count = dice.nextInt(20);
          arrive(count);
          for (int i = 0; i < count; i++) {
            books.arrivals.add(alarm.nowMillis());
          }
        }
        case 2 -> {
          pool.enter();
          books.onTheirWay++;
        }
        case 3 -> {
          if (books.onTheirWay > 0) {
            pool.leave();
            books.onTheirWay--;
          }
        }
        case 4 -> {
          if (budget.take()) {
            books.retry(alarm.nowMillis(), percent);
          }
        }
        case 5 -> {
          int number = places.size();
          RetryBudget.Place place =
              budget.join(
                  new RetryBudget.Waiter() {
                    @Override
                    public void granted() {
                      order.add(number);
                      books.retry(alarm.nowMillis(), percent);
                    }

                    @Override
                    public void refused() {
                      refused.add(number);
                    }
                  },
                  Runnable::run);
          places.add(Objects.requireNonNull(place));
        }
        case 6 -> {
          int number = places.isEmpty() ? -1 : dice.nextInt(places.size());
          if (number >= 0 && !order.contains(number) && !refused.contains(number)) {
            places.get(number).leave();
            left.add(number);
          }
        }
        default -> alarm.pass(dice.nextInt(dice.nextInt(10) == 0 ? 6_000 : 300));
      }
    }
    alarm.pass(6_000);
    assertThat(order).isSorted();
    assertThat(refused).isSorted();
    assertThat(order.size() + refused.size() + left.size()).isEqualTo(places.size());
    assertThat(alarm.pending()).isZero();
  }

  @Test
  void severalLoops_neverOverspend_andTellEveryoneOnce() {
    AtomicLong clock = new AtomicLong(Long.MAX_VALUE - 1_000);
    Queue<Runnable> alarms = new ConcurrentLinkedQueue<>();
    RecentRequests shared = new RecentRequests(clock::get);
    RetryBudget busy =
        new RetryBudget(pool, shared, clock::get, (work, millis) -> queued(alarms, work));
    AtomicInteger arrived = new AtomicInteger();
    AtomicInteger spent = new AtomicInteger();
    AtomicInteger joined = new AtomicInteger();
    AtomicInteger left = new AtomicInteger();
    AtomicInteger told = new AtomicInteger();
    AtomicInteger seeds = new AtomicInteger();
    Set<Object> heard = ConcurrentHashMap.newKeySet();
    long start = clock.get();
    Together.run(
            4,
            () -> {
              Random dice = new Random(seeds.getAndIncrement());
              Queue<Runnable> loop = new ConcurrentLinkedQueue<>();
              for (int i = 0; i < 20_000; i++) {
                clock.addAndGet(dice.nextInt(1_000_000));
                shared.arrived(clock.get());
                arrived.incrementAndGet();
                if (busy.take()) {
                  spent.incrementAndGet();
                } else if (dice.nextInt(4) == 0) {
                  Object key = new Object();
                  RetryBudget.Place place =
                      busy.join(
                          new RetryBudget.Waiter() {
                            @Override
                            public void granted() {
                              spent.incrementAndGet();
                              refused();
                            }

                            @Override
                            public void refused() {
                              assertThat(heard.add(key)).isTrue();
                              told.incrementAndGet();
                            }
                          },
                          loop::add);
                  if (place != null) {
                    joined.incrementAndGet();
                    if (dice.nextInt(3) == 0) {
                      place.leave();
                      left.incrementAndGet();
                    }
                  }
                }
                Runnable pulse = alarms.poll();
                if (pulse != null) {
                  pulse.run();
                }
                for (Runnable news = loop.poll(); news != null; news = loop.poll()) {
                  news.run();
                }
              }
              while (busy.waiting() > 0 || !loop.isEmpty()) {
                clock.addAndGet(50_000_000);
                Runnable pulse = alarms.poll();
                if (pulse != null) {
                  pulse.run();
                }
                for (Runnable news = loop.poll(); news != null; news = loop.poll()) {
                  news.run();
                }
              }
              return loop;
            })
        .forEach(loop -> loop.forEach(Runnable::run));
    long windows = (clock.get() - start) / RecentRequests.WINDOW_NANOS + 1;
    assertThat(told.get() + left.get()).isEqualTo(joined.get());
    assertThat((long) spent.get())
        .isLessThanOrEqualTo(arrived.get() / 5 + windows * RetryBudget.MINIMUM);
    assertThat(spent.get()).isGreaterThan(RetryBudget.MINIMUM);
  }

  private static Runnable queued(Queue<Runnable> alarms, Runnable work) {
    alarms.add(work);
    return () -> alarms.remove(work);
  }
}
