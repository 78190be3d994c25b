package dev.caravan.fleet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.caravan.outcome.Outcome.Completed;
import dev.caravan.testing.Together;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class BackgroundTest {
  private static final long MILLI = 1_000_000;

  /** 1,500 tokens with what a request costs beside: 150 ms at the speed that is not known yet. */
  private static final Work JOB = new Work(1_000, 0, 50, false, true);

  private final AtomicLong clock = new AtomicLong(-5);
  private final Pool pool = new Pool("llama");

  private Backend server(int maxInflight) {
    URI url = URI.create("http://10.0.0.11:8000");
    Backend backend =
        new Backend(new BackendSpec("gpu-a", url, 1, maxInflight, null, null, null, Map.of()));
    pool.respecify(PoolPolicy.DEFAULT, List.of(backend));
    return backend;
  }

  private @Nullable Lease job(Backend backend) {
    return Lease.open(backend, "llama", clock::get, JOB);
  }

  /** An interactive request of that many prompt tokens that waits no more, and taught no speed. */
  private Lease interactive(Backend backend, int promptTokens) {
    Lease lease = waiting(backend, promptTokens);
    lease.firstByte(false);
    return lease;
  }

  private Lease waiting(Backend backend, int promptTokens) {
    Work work = new Work(promptTokens, 0, 50, true);
    return Objects.requireNonNull(Lease.open(backend, "llama", clock::get, work));
  }

  private int fill(Backend backend) {
    int taken = 0;
    while (job(backend) != null) {
      taken++;
    }
    return taken;
  }

  @Test
  void most_isRoundedDown_andLeavesOneWhereThereAreTwo() {
    BackgroundPolicy quarter = BackgroundPolicy.DEFAULT;
    assertThat(quarter.most(BackendSpec.UNLIMITED, true)).isEqualTo(48);
    assertThat(quarter.most(10, true)).isEqualTo(7);
    assertThat(quarter.most(4, false)).isEqualTo(3);
    assertThat(quarter.most(2, true)).isEqualTo(1);
    assertThat(new BackgroundPolicy(0.9, 64).most(10, true)).isEqualTo(1);
    assertThat(new BackgroundPolicy(0.9, 64).most(2, true)).isEqualTo(1);
    assertThat(new BackgroundPolicy(0, 64).most(10, true)).isEqualTo(10);
  }

  @Test
  void most_ofOneSlot_isForInteractiveTrafficWhereThereIsSome() {
    assertThat(BackgroundPolicy.DEFAULT.most(1, true)).isZero();
    assertThat(BackgroundPolicy.DEFAULT.most(1, false)).isEqualTo(1);
    assertThat(new BackgroundPolicy(0, 64).most(1, true)).isEqualTo(1);
  }

  @Test
  void policy_outOfRange_saysWhat() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new BackgroundPolicy(0.95, 64))
        .withMessage("reserve must be from 0 to 0.9, was 0.95");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new BackgroundPolicy(Double.NaN, 64))
        .withMessageContaining("reserve");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new BackgroundPolicy(0.25, 0))
        .withMessage("slots must be from 1, was 0");
  }

  @Test
  void open_idleServer_fillsItsShareAtOnce_andInteractiveRequestsHaveTheRest() {
    Backend backend = server(8);
    assertThat(fill(backend)).isEqualTo(6);
    assertThat(backend.room(1_000, clock.get())).isEqualTo(Room.SLOTS);
    assertThat(backend.background().inflight()).isEqualTo(6);
    interactive(backend, 100);
    interactive(backend, 100);
    assertThat(backend.inflight()).isEqualTo(8);
    assertThat(Lease.open(backend, "llama", clock::get)).as("full").isNull();
  }

  @Test
  void close_givesAllBack() {
    Backend backend = server(4);
    Lease lease = Objects.requireNonNull(job(backend));
    assertThat(backend.load().tokens()).isEqualTo(1_050);
    assertThat(backend.load().queued()).as("is in nobody's way for good").isZero();
    lease.firstByte(true);
    lease.usage(1_000, 50, -1);
    lease.close(new Completed(200));
    assertThat(backend.inflight()).isZero();
    assertThat(backend.background().inflight()).isZero();
    assertThat(backend.background().tokens()).isZero();
    assertThat(backend.load().tokens()).isZero();
  }

  @Test
  void open_whileAnInteractiveRequestWaits_isRefused() {
    Backend backend = server(8);
    Lease waiting = waiting(backend, 100_000);
    assertThat(backend.room(1_000, clock.get())).isEqualTo(Room.QUEUE);
    assertThat(job(backend)).isNull();
    waiting.firstByte(true);
    assertThat(job(backend)).isNotNull();
  }

  @Test
  void open_whileOneWaitsThatIsNotStreamed_isRefusedForAsLongAsItsPromptTakes() {
    Backend backend = server(8);
    Work unstreamed = new Work(9_500, 0, 50, false);
    assertThat(Lease.open(backend, "llama", clock::get, unstreamed)).isNotNull();
    clock.addAndGet(900 * MILLI);
    assertThat(job(backend)).as("10,000 tokens at 10 a millisecond").isNull();
    clock.addAndGet(101 * MILLI);
    assertThat(job(backend)).isNotNull();
  }

  @Test
  void open_afterAShortPrompt_restsForFifteenTimesOfIt() {
    Backend backend = server(8);
    interactive(backend, 1_000_000);
    assertThat(job(backend)).isNotNull();
    assertThat(backend.background().computingNanos(clock.get())).isEqualTo(150 * MILLI);
    clock.addAndGet(150 * MILLI);
    assertThat(backend.background().computingNanos(clock.get())).isZero();
    clock.addAndGet(14 * 150 * MILLI);
    assertThat(backend.room(1_000, clock.get())).isEqualTo(Room.PACE);
    assertThat(job(backend)).isNull();
    clock.addAndGet(151 * MILLI);
    assertThat(job(backend)).isNotNull();
  }

  @Test
  void open_afterAPromptAsLongAsOthers_restsLonger_andNeverForEver() {
    Backend backend = server(8);
    Lease same = interactive(backend, 1_000);
    assertThat(job(backend)).isNotNull();
    clock.addAndGet((1 + 114) * 150 * MILLI);
    interactive(backend, 1).close(new Completed(200));
    assertThat(backend.room(1_000, clock.get())).isEqualTo(Room.PACE);
    clock.addAndGet(200 * MILLI);
    assertThat(backend.room(1_000, clock.get())).isEqualTo(Room.FREE);
    same.close(new Completed(200));

    Work huge = new Work(20_000, 0, 50, false, true);
    backend.cacheTokens(10_000_000);
    assertThat(Lease.open(backend, "llama", clock::get, huge)).isNotNull();
    for (long waited = 0; waited < 499; waited++) {
      clock.addAndGet(2_050 * MILLI);
      interactive(backend, 1_000).close(new Completed(200));
      assertThat(backend.room(1_000, clock.get())).isEqualTo(Room.PACE);
    }
    clock.addAndGet(3 * 2_050 * MILLI);
    assertThat(backend.room(1_000, clock.get())).isEqualTo(Room.FREE);
  }

  @Test
  void open_moreThanTheCacheShare_isRefused_butForASingleOne() {
    Backend backend = server(8);
    backend.cacheTokens(20_000);
    interactive(backend, 1_000_000);
    Lease one = Objects.requireNonNull(job(backend));
    clock.addAndGet(10_000 * MILLI);
    interactive(backend, 1).close(new Completed(200));
    assertThat(backend.room(1_000, clock.get())).isEqualTo(Room.CACHE);
    one.close(new Completed(200));
    assertThat(job(backend)).isNotNull();
  }

  @Test
  void open_tenSecondsAfterTheLastInteractiveRequest_isFreeAgain() {
    Backend backend = server(8);
    interactive(backend, 1_000).close(new Completed(200));
    assertThat(fill(backend)).isEqualTo(1);
    clock.addAndGet(10_200 * MILLI);
    assertThat(fill(backend)).isEqualTo(5);
  }

  @Test
  void live_isWhatAnySiblingSees() {
    Backend one = server(8);
    Backend two = server(8);
    pool.respecify(PoolPolicy.DEFAULT, List.of(one, two));
    interactive(one, 1_000);
    assertThat(fill(two)).isEqualTo(1);
  }

  @Test
  void open_unpaced_goesBySlotsAlone() {
    Backend backend = server(8);
    backend.background().policy(new BackgroundPolicy(0.25, 64, false));
    waiting(backend, 1_000);
    assertThat(fill(backend)).isEqualTo(5);
  }

  @Test
  void open_fromManyThreads_neverPassesTheReserve() throws Exception {
    Backend backend = server(100);
    List<Integer> taken =
        Together.run(
            8,
            () -> {
              List<Lease> mine = new ArrayList<>();
              for (int i = 0; i < 50; i++) {
                Lease lease = job(backend);
                if (lease != null) {
                  mine.add(lease);
                }
              }
              return mine.size();
            });
    assertThat(taken.stream().mapToInt(Integer::intValue).sum()).isEqualTo(75);
    assertThat(backend.inflight()).isEqualTo(75);
  }

  @Test
  void open_fromManyThreadsBesideInteractiveTraffic_letsOneHaveTheMoment() throws Exception {
    Backend backend = server(100);
    interactive(backend, 1_000);
    List<Boolean> taken = Together.run(8, () -> job(backend) != null);
    assertThat(taken).containsOnlyOnce(true);
  }
}
