package dev.caravan.admission;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caravan.admission.QueueRefusal.Why;
import dev.caravan.fleet.Availability;
import dev.caravan.fleet.Availability.Use;
import dev.caravan.fleet.Backend;
import dev.caravan.fleet.BackendSpec;
import dev.caravan.fleet.Lease;
import dev.caravan.fleet.Pool;
import dev.caravan.fleet.PoolPolicy;
import dev.caravan.fleet.PoolPolicy.Queue;
import dev.caravan.fleet.ServerState;
import dev.caravan.outcome.Outcome;
import dev.caravan.tenant.Priority;
import dev.caravan.tenant.Quota;
import dev.caravan.testing.HandScheduler;
import dev.caravan.testing.Together;
import java.net.URI;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.lifecycle.BeforeTry;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class FairQueueTest {
  private static final long FOR_EVER = Long.MAX_VALUE / 2_000_000;

  private HandScheduler alarm = new HandScheduler();
  private Pool pool = new Pool("llama");
  private FairQueue queue = new FairQueue(pool, alarm.ticker(), alarm);
  private Deque<Lease> held = new ArrayDeque<>();
  private List<String> told = new ArrayList<>();

  /** Of a property, every try begins anew. */
  @BeforeTry
  void begin() {
    alarm = new HandScheduler();
    pool = new Pool("llama");
    queue = new FairQueue(pool, alarm.ticker(), alarm);
    held = new ArrayDeque<>();
    told = new ArrayList<>();
  }

  private static Backend server(String name, int maxInflight) {
    return new Backend(
        new BackendSpec(name, URI.create("http://h"), 1, maxInflight, null, null, null, Map.of()));
  }

  /** The pool with a queue, and servers of which all places are taken. */
  private void full(int most, Backend... servers) {
    respecify(most, servers);
    for (Backend each : servers) {
      while (each.room() > 0) {
        held.add(Objects.requireNonNull(Lease.open(each, "llama", alarm.ticker())));
      }
      each.onClose((lease, outcome) -> queue.freed(each));
    }
  }

  private void respecify(int most, Backend... servers) {
    pool.respecify(
        PoolPolicy.DEFAULT.with(Quota.UNLIMITED, new Queue(most, 30_000)), List.of(servers));
  }

  /** One that waits; where it has its turn it takes a place, or is put back. */
  private final class Named implements FairQueue.Waiter {
    private final String name;
    private @Nullable Ticket ticket;

    Named(String name) {
      this.name = name;
    }

    @Override
    public void granted() {
      for (Backend each : pool.backends()) {
        Lease lease = Lease.open(each, "llama", alarm.ticker());
        if (lease != null) {
          held.add(lease);
          told.add(name);
          return;
        }
      }
      told.add(name + " in vain");
      queue.putBack(Objects.requireNonNull(ticket), null);
    }

    @Override
    public void pushedOut(QueueRefusal why) {
      told.add(name + " " + why.why().label());
    }
  }

  private Ticket ticket(String name, Ticket.Claim claim) {
    Named named = new Named(name);
    Ticket ticket = queue.ticket(named, Runnable::run, claim);
    named.ticket = ticket;
    return ticket;
  }

  private static Ticket.Claim claim(Priority priority, long tenant, long tokens) {
    return new Ticket.Claim(priority, tenant, 1, tokens, false);
  }

  private @Nullable QueueRefusal join(String name, Priority priority, long tenant, long tokens) {
    return queue.join(ticket(name, claim(priority, tenant, tokens)), null, FOR_EVER);
  }

  private void joins(String name, Priority priority, long tenant, long tokens) {
    assertThat(join(name, priority, tenant, tokens)).as(name).isNull();
  }

  private void joins(String name) {
    joins(name, Priority.DEFAULT, 0, 100);
  }

  private static Why why(@Nullable QueueRefusal refusal) {
    return Objects.requireNonNull(refusal).why();
  }

  private void ends() {
    held.remove().close(new Outcome.Completed(200));
  }

  private void ends(int count) {
    for (int i = 0; i < count; i++) {
      ends();
    }
  }

  @Test
  void oneEnd_isOneTurn_firstComeFirstServed() {
    full(10, server("a", 2));
    joins("1");
    joins("2");
    joins("3");
    assertThat(queue.waiting()).isEqualTo(3);
    ends();
    assertThat(told).containsExactly("1");
    ends();
    assertThat(told).containsExactly("1", "2");
    assertThat(queue.waiting()).isEqualTo(1);
    ends(2);
    assertThat(told).containsExactly("1", "2", "3");
    assertThat(queue.busy()).isFalse();
  }

  @Test
  void joinsAsAPlaceIsFree_goesAtOnce() {
    full(10, server("a", 1));
    held.element().close(new Outcome.Completed(200));
    joins("late");
    assertThat(told).containsExactly("late");
  }

  @Test
  void pulse_seesWhatNoLeaseTells_andStopsWithTheLast() {
    Backend a = server("a", 1);
    full(10, a);
    joins("1");
    a.respecify(new BackendSpec("a", URI.create("http://h"), 1, 2, null, null, null, Map.of()));
    alarm.pass(FairQueue.PULSE_MILLIS);
    assertThat(told).containsExactly("1");
    alarm.pass(10 * FairQueue.PULSE_MILLIS);
    assertThat(alarm.pending()).isZero();
  }

  @Test
  void placesOfServersThatAreOut_areNone() {
    Backend a = server("a", 1);
    full(10, a);
    joins("1");
    a.availability(new Availability(ServerState.DOWN, Use.NONE, "gone", Availability.UNTIL_NEWS));
    ends();
    alarm.pass(1_000);
    assertThat(told).isEmpty();
    a.availability(Availability.UP);
    alarm.pass(FairQueue.PULSE_MILLIS);
    assertThat(told).containsExactly("1");
  }

  @Test
  void anotherWasQuicker_keepsItsPlace_andIsNotAskedOverAndOver() {
    Backend a = server("a", 1);
    full(10, a);
    List<Runnable> later = new ArrayList<>();
    Named slow = new Named("slow");
    slow.ticket = queue.ticket(slow, later::add, claim(Priority.DEFAULT, 0, 100));
    assertThat(queue.join(slow.ticket, null, FOR_EVER)).isNull();
    joins("behind");
    ends();
    Lease thief = Objects.requireNonNull(Lease.open(a, "llama", alarm.ticker()));
    later.forEach(Runnable::run);
    assertThat(told).containsExactly("slow in vain");
    assertThat(queue.position(slow.ticket)).isZero();
    alarm.pass(FairQueue.PULSE_MILLIS);
    assertThat(told).hasSize(1);
    later.clear();
    thief.close(new Outcome.Completed(200));
    assertThat(later).hasSize(1);
    later.forEach(Runnable::run);
    assertThat(told).containsExactly("slow in vain", "slow");
  }

  @Test
  void leavesBetweenTheGrantAndTheNews_whatItWasGrantedGoesOn() {
    full(10, server("a", 1));
    List<Runnable> later = new ArrayList<>();
    Ticket slow = queue.ticket(new Named("slow"), later::add, claim(Priority.DEFAULT, 0, 100));
    assertThat(queue.join(slow, null, FOR_EVER)).isNull();
    joins("next");
    ends();
    assertThat(told).isEmpty();
    queue.leave(slow, Why.GONE);
    assertThat(told).containsExactly("next");
    later.forEach(Runnable::run);
    assertThat(told).containsExactly("next");
    assertThat(queue.left(Why.GONE)).isEqualTo(1);
  }

  // ---- who goes first

  @Test
  void classes_goInOrder_butNoneStarves() {
    full(200, server("a", 1));
    for (int i = 0; i < 60; i++) {
      joins("i", Priority.INTERACTIVE, 0, 100);
      joins("d", Priority.DEFAULT, 0, 100);
      joins("b", Priority.BATCH, 0, 100);
    }
    ends(32);
    assertThat(told.stream().filter("d"::equals)).hasSize(4);
    assertThat(told.stream().filter("b"::equals)).hasSize(2);
    assertThat(told.stream().filter("i"::equals)).hasSize(26);
  }

  @Test
  void whatAServerHasFailed_goesBeforeAll() {
    full(10, server("a", 1));
    joins("i", Priority.INTERACTIVE, 0, 100);
    Ticket retry = ticket("retry", new Ticket.Claim(Priority.BATCH, 0, 1, 100, true));
    assertThat(queue.join(retry, null, FOR_EVER)).isNull();
    ends();
    assertThat(told).containsExactly("retry");
  }

  @Test
  void oneOfATenant_isNotDelayedByAThousandOfAnother() {
    full(2_000, server("a", 1));
    for (int i = 0; i < 1_000; i++) {
      joins("many", Priority.DEFAULT, 1, 500);
    }
    joins("one", Priority.DEFAULT, 2, 500);
    ends(2);
    assertThat(told).contains("one");
  }

  @Test
  void tenants_shareByTokens_notByRequests() {
    full(2_000, server("a", 1));
    for (int i = 0; i < 400; i++) {
      joins("long", Priority.DEFAULT, 1, 4_000);
      joins("short", Priority.DEFAULT, 2, 400);
    }
    ends(110);
    assertThat(told.stream().filter("long"::equals).count()).isBetween(9L, 11L);
  }

  @Test
  void weight_isAShareOfTokens() {
    full(2_000, server("a", 1));
    for (int i = 0; i < 200; i++) {
      Ticket heavy = ticket("3", new Ticket.Claim(Priority.DEFAULT, 1, 3, 1_000, false));
      assertThat(queue.join(heavy, null, FOR_EVER)).isNull();
      joins("1", Priority.DEFAULT, 2, 1_000);
    }
    ends(100);
    assertThat(told.stream().filter("3"::equals).count()).isBetween(73L, 77L);
  }

  @Test
  void whoCannotUseAPlace_isPassedOver_andKeepsItsOwn() {
    Backend a = server("a", 1);
    Backend b = server("b", 1);
    full(10, a, b);
    BooleanSupplier atB = () -> b.room() > 0;
    Ticket bound = ticket("bound", claim(Priority.DEFAULT, 0, 100));
    assertThat(queue.join(bound, atB, FOR_EVER)).isNull();
    joins("any");
    ends();
    assertThat(told).containsExactly("any");
    ends();
    assertThat(told).containsExactly("any", "bound");
  }

  // ---- bounds

  @Test
  void fullOfOneTenant_refusesItsNext_andTakesAnothers() {
    full(4, server("a", 1));
    for (int i = 0; i < 4; i++) {
      joins("many" + i, Priority.DEFAULT, 1, 100);
    }
    assertThat(why(join("more", Priority.DEFAULT, 1, 100))).isEqualTo(Why.FULL);
    joins("other", Priority.DEFAULT, 2, 100);
    assertThat(told).containsExactly("many3 full");
    assertThat(why(join("more", Priority.DEFAULT, 1, 100))).isEqualTo(Why.SHARE);
    joins("other", Priority.DEFAULT, 2, 100);
    assertThat(told).containsExactly("many3 full", "many2 share");
    assertThat(why(join("other", Priority.DEFAULT, 2, 100))).isEqualTo(Why.FULL);
    assertThat(queue.waiting()).isEqualTo(4);
  }

  @Test
  void fullOfLowerClasses_takesHigherOnes() {
    full(2, server("a", 1));
    joins("d", Priority.DEFAULT, 1, 100);
    joins("b", Priority.BATCH, 1, 100);
    joins("i", Priority.INTERACTIVE, 1, 100);
    assertThat(told).containsExactly("b full");
    assertThat(why(join("b", Priority.BATCH, 2, 100))).isEqualTo(Why.FULL);
  }

  @Test
  void none_mayWaitWhereTheQueueIsOff() {
    full(0, server("a", 1));
    assertThat(why(join("x", Priority.INTERACTIVE, 1, 100))).isEqualTo(Why.FULL);
  }

  @Test
  void reload_ofTheLimit_losesNobody() {
    Backend a = server("a", 1);
    full(10, a);
    joins("1");
    joins("2");
    respecify(1, a);
    assertThat(why(join("3", Priority.DEFAULT, 0, 100))).isEqualTo(Why.FULL);
    ends(2);
    assertThat(told).containsExactly("1", "2");
  }

  // ---- what is foretold

  /** Ten turns, one each second, with more behind. */
  private void drain() {
    full(100, server("a", 1));
    for (int i = 0; i < 20; i++) {
      joins("x");
    }
    for (int i = 0; i < 10; i++) {
      alarm.pass(1_000);
      ends();
    }
    told.clear();
  }

  @Test
  void wait_isFromHowFastItDrains() {
    drain();
    assertThat(queue.newcomerMillis(Priority.INTERACTIVE)).isBetween(950L, 1_050L);
    Ticket last = ticket("last", claim(Priority.DEFAULT, 0, 100));
    assertThat(queue.join(last, null, FOR_EVER)).isNull();
    assertThat(queue.position(last)).isEqualTo(10);
    assertThat(queue.waitMillis(queue.position(last))).isBetween(10_500L, 11_500L);
  }

  @Test
  void nobodyWaits_noWaitIsForetold() {
    full(10, server("a", 1));
    assertThat(queue.newcomerMillis(Priority.DEFAULT)).isZero();
    joins("1");
    assertThat(queue.newcomerMillis(Priority.DEFAULT)).isEqualTo(-1);
  }

  @Test
  void whoCannotMakeIt_isRefusedAtOnce_withWhenItWould() {
    drain();
    Ticket hasty = ticket("hasty", claim(Priority.DEFAULT, 0, 100));
    QueueRefusal refusal = Objects.requireNonNull(queue.join(hasty, null, 10_000));
    assertThat(refusal.why()).isEqualTo(Why.DEADLINE);
    assertThat(refusal.expectedMillis()).isBetween(10_500L, 11_500L);
    assertThat(refusal.waiting()).isEqualTo(10);
    Ticket urgent = ticket("urgent", claim(Priority.INTERACTIVE, 0, 100));
    assertThat(queue.join(urgent, null, 10_000)).isNull();
    Ticket other = ticket("other tenant", claim(Priority.DEFAULT, 7, 100));
    assertThat(queue.join(other, null, 10_000)).isNull();
  }

  @Test
  void withoutEvidence_nobodyIsRefusedByAGuess() {
    full(100, server("a", 1));
    joins("1");
    joins("2");
    alarm.pass(60_000);
    ends();
    Ticket hasty = ticket("hasty", claim(Priority.DEFAULT, 0, 100));
    assertThat(queue.join(hasty, null, 1)).isNull();
  }

  // ---- whatever comes

  /** Whatever joins, leaves and ends: nobody is lost or told twice, and no place stays empty. */
  @Property(tries = 300)
  void everyoneIsTold_once_andNoPlaceStaysEmpty(@ForAll long seed) {
    Random random = new Random(seed);
    Backend a = server("a", 1 + random.nextInt(3));
    Backend b = server("b", 1 + random.nextInt(3));
    full(1 + random.nextInt(20), a, b);
    List<Ticket> all = new ArrayList<>();
    int joined = 0;
    int refused = 0;
    for (int i = 0; i < 200; i++) {
      int dice = random.nextInt(10);
      if (dice < 5) {
        Priority priority = List.of(Priority.values()).get(random.nextInt(3));
        Ticket next = ticket("t" + i, claim(priority, random.nextInt(4), random.nextInt(9_000)));
        joined++;
        if (queue.join(next, null, FOR_EVER) != null) {
          refused++;
        } else {
          all.add(next);
        }
      } else if (dice < 9 && !held.isEmpty()) {
        ends();
      } else if (!all.isEmpty()) {
        Ticket leaver = all.remove(random.nextInt(all.size()));
        if (queue.position(leaver) >= 0) {
          queue.leave(leaver, Why.GONE);
        }
      }
      assertThat(queue.busy() && a.room() + b.room() > 0).as("a free place").isFalse();
    }
    long pushed = queue.left(Why.FULL) + queue.left(Why.SHARE) - refused;
    assertThat(told).doesNotHaveDuplicates();
    assertThat(told.size() + refused + queue.left(Why.GONE) + queue.waiting()).isEqualTo(joined);
    assertThat(told.stream().filter(each -> each.contains(" "))).hasSize(Math.toIntExact(pushed));
  }

  @Test
  void fromManyThreads_everyoneHasATurn_andServersAreNeverOverfull() {
    Backend a = server("a", 3);
    respecify(100_000, a);
    a.onClose((lease, outcome) -> queue.freed(a));
    AtomicInteger turns = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    ConcurrentLinkedQueue<Lease> open = new ConcurrentLinkedQueue<>();
    int each = 2_000;
    int threads = 4;
    Together.run(
        threads,
        () -> {
          for (int i = 0; i < each; i++) {
            new Runner(a, turns, most, open).join();
            close(open.poll());
          }
          return null;
        });
    while (turns.get() < threads * each) {
      int before = turns.get();
      close(open.poll());
      alarm.pass(FairQueue.PULSE_MILLIS);
      assertThat(turns.get() > before || !open.isEmpty()).as("it goes on").isTrue();
    }
    assertThat(most.get()).isLessThanOrEqualTo(3);
    assertThat(queue.waiting()).isZero();
  }

  private static void close(@Nullable Lease lease) {
    if (lease != null) {
      lease.close(new Outcome.Completed(200));
    }
  }

  private final class Runner implements FairQueue.Waiter {
    private final Backend server;
    private final AtomicInteger turns;
    private final AtomicInteger most;
    private final ConcurrentLinkedQueue<Lease> open;
    private final Ticket ticket =
        queue.ticket(this, Runnable::run, claim(Priority.DEFAULT, 0, 100));

    Runner(
        Backend server,
        AtomicInteger turns,
        AtomicInteger most,
        ConcurrentLinkedQueue<Lease> open) {
      this.server = server;
      this.turns = turns;
      this.most = most;
      this.open = open;
    }

    void join() {
      assertThat(queue.join(ticket, null, FOR_EVER)).isNull();
    }

    @Override
    public void granted() {
      Lease lease = Lease.open(server, "llama", alarm.ticker());
      if (lease == null) {
        queue.putBack(ticket, null);
        return;
      }
      most.accumulateAndGet(server.inflight(), Math::max);
      turns.incrementAndGet();
      open.add(lease);
    }

    @Override
    public void pushedOut(QueueRefusal why) {
      throw new AssertionError("nobody has to give way");
    }
  }
}
