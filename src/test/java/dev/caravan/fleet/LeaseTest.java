package dev.caravan.fleet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.caravan.outcome.Outcome;
import dev.caravan.outcome.Outcome.ClientGone;
import dev.caravan.outcome.Outcome.Completed;
import dev.caravan.testing.Together;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class LeaseTest {
  private static final Outcome DONE = new Completed(200);

  private final AtomicLong clock = new AtomicLong(-5);

  private static Backend server(int maxInflight) {
    URI url = URI.create("http://10.0.0.11:8000");
    return new Backend(new BackendSpec("gpu-a", url, 1, maxInflight, null, null, null, Map.of()));
  }

  private Lease open(Backend backend) {
    return Objects.requireNonNull(Lease.open(backend, "llama", clock::get));
  }

  @Test
  void open_roomLeft_countsUntilClosed() {
    Backend backend = server(2);
    Lease lease = open(backend);
    assertThat(backend.inflight()).isEqualTo(1);
    assertThat(lease.backend()).isSameAs(backend);
    assertThat(lease.pool()).isEqualTo("llama");
    assertThat(lease.close(DONE)).isTrue();
    assertThat(backend.inflight()).isZero();
  }

  @Test
  void open_atTheLimit_isRefusedAndCountsNothing() {
    Backend backend = server(1);
    Lease lease = open(backend);
    assertThat(Lease.open(backend, "llama", clock::get)).isNull();
    assertThat(backend.inflight()).isEqualTo(1);
    lease.close(DONE);
    assertThat(Lease.open(backend, "llama", clock::get)).isNotNull();
  }

  @Test
  void open_limitLoweredByAReload_waitsUntilEnoughHaveLeft() {
    Backend backend = server(3);
    Lease one = open(backend);
    Lease two = open(backend);
    backend.respecify(server(1).spec());
    assertThat(Lease.open(backend, "llama", clock::get)).isNull();
    one.close(DONE);
    assertThat(Lease.open(backend, "llama", clock::get)).isNull();
    two.close(DONE);
    assertThat(Lease.open(backend, "llama", clock::get)).isNotNull();
  }

  @Test
  void open_noLimit_isNeverRefused() {
    Backend backend = server(BackendSpec.UNLIMITED);
    for (int i = 0; i < 10_000; i++) {
      open(backend);
    }
    assertThat(backend.inflight()).isEqualTo(10_000);
  }

  @Test
  void close_twice_onlyTheFirstHappens() {
    Backend backend = server(2);
    open(backend);
    Lease lease = open(backend);
    List<Outcome> learnt = new ArrayList<>();
    backend.onClose((l, outcome) -> learnt.add(outcome));
    assertThat(lease.close(DONE)).isTrue();
    assertThat(lease.close(new ClientGone(true))).isFalse();
    assertThat(learnt).containsExactly(DONE);
    assertThat(backend.inflight()).isEqualTo(1);
    assertThat(lease.closed()).isTrue();
  }

  @Test
  void close_guardAndListeners_learnInOrderAndSeeTheLeaseGone() {
    Backend backend = server(1);
    List<String> order = new ArrayList<>();
    LeaseListener first = (l, outcome) -> order.add("first " + l.backend().inflight());
    backend.onClose(first);
    backend.onClose((l, outcome) -> order.add("second " + l.durationNanos()));
    backend.onClose(first);
    Lease lease = open(backend);
    lease.guard((l, outcome) -> order.add("guard " + l.closed()));
    clock.addAndGet(7);
    lease.close(DONE);
    assertThat(order).containsExactly("guard true", "first 0", "second 7");
  }

  @Test
  void guard_twice_isRefused() {
    Lease lease = open(server(1));
    assertThat(lease.guarded()).isFalse();
    lease.guard((l, outcome) -> {});
    assertThat(lease.guarded()).isTrue();
    assertThatThrownBy(() -> lease.guard((l, outcome) -> {}))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("gpu-a");
  }

  @Test
  void instants_firstByteAndClose_areMeasuredFromThePick() {
    Lease lease = open(server(1));
    assertThat(lease.timeToFirstByteNanos()).isEqualTo(-1);
    clock.addAndGet(10);
    lease.firstByte(true);
    clock.addAndGet(10);
    lease.firstByte(true);
    assertThat(lease.timeToFirstByteNanos()).isEqualTo(10);
    assertThat(lease.durationNanos()).isEqualTo(20);
    clock.addAndGet(5);
    lease.close(DONE);
    clock.addAndGet(100);
    assertThat(lease.durationNanos()).isEqualTo(25);
  }

  @Test
  void instants_clockPassesItsOverflow_areStillRight() {
    clock.set(Long.MAX_VALUE - 3);
    Lease lease = open(server(1));
    clock.addAndGet(10);
    lease.firstByte(true);
    lease.close(DONE);
    assertThat(lease.timeToFirstByteNanos()).isEqualTo(10);
    assertThat(lease.durationNanos()).isEqualTo(10);
  }

  @Test
  void usage_reportedOrNot_isKept() {
    Lease lease = open(server(1));
    assertThat(lease.promptTokens()).isEqualTo(-1);
    assertThat(lease.completionTokens()).isEqualTo(-1);
    lease.usage(120, 35, -1);
    assertThat(lease.promptTokens()).isEqualTo(120);
    assertThat(lease.completionTokens()).isEqualTo(35);
  }

  @Test
  void openAndClose_fourThreads_neverOverTheLimitNeverNegative() {
    Backend backend = server(3);
    AtomicInteger held = new AtomicInteger();
    AtomicInteger learnt = new AtomicInteger();
    backend.onClose((l, outcome) -> learnt.incrementAndGet());
    int opened =
        Together.run(
                4,
                () -> {
                  int mine = 0;
                  for (int i = 0; i < 50_000; i++) {
                    Lease lease = Lease.open(backend, "llama", clock::get);
                    if (lease != null) {
                      mine++;
                      assertThat(held.incrementAndGet()).isBetween(1, 3);
                      assertThat(backend.inflight()).isBetween(1, 3);
                      held.decrementAndGet();
                      assertThat(lease.close(DONE)).isTrue();
                    }
                  }
                  return mine;
                })
            .stream()
            .mapToInt(Integer::intValue)
            .sum();
    assertThat(backend.inflight()).isZero();
    assertThat(learnt).hasValue(opened);
  }
}
